using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// In which order a plan's collectives start, which is that of the graph and so the same on all ranks, and where in the order of the computation those stand that must not take memory too
/// early or for too long (<see cref="Pace"/>).
/// </summary>
internal sealed class CollectiveTurns
{
    /// <summary>How many more of its kind start before one is waited for.</summary>
    private const int Ahead = 2;

    private readonly Dictionary<PlanNode, int> _before = [];

    private CollectiveTurns(IReadOnlyList<PlanNode> starts) => Starts = starts;

    /// <summary>The starts in order.</summary>
    public IReadOnlyList<PlanNode> Starts { get; }

    public static CollectiveTurns Of(PlanGraph graph)
    {
        var turns = new CollectiveTurns([.. graph.Nodes.Where(n => n.Operation is ICollectiveStart).OrderBy(Turn).ThenBy(n => n.Order)]);
        var paced = turns.Starts.Where(s => ((ICollectiveStart)s.Operation).Pace != Pace.AtOnce).ToList();
        if (paced.Count == 0) return turns;
        var waits = graph.Nodes.Where(n => n.Operation is ICollectiveWait { Flight: not null }).ToDictionary(n => ((ICollectiveWait)n.Operation).Flight!.Value);
        PlanNode WaitOf(PlanNode start) => waits[((ICollectiveStart)start.Operation).Flight!.Value];
        foreach (var kind in paced.Where(s => ((ICollectiveStart)s.Operation).Pace == Pace.FewAtOnce).GroupBy(s => s.Operation.GetType()))
            foreach (var (start, later) in kind.Zip(kind.Skip(Ahead))) turns._before[WaitOf(start)] = Turn(later);
        turns.OrderByReaders([.. paced.Where(s => ((ICollectiveStart)s.Operation).Pace == Pace.AsNeeded)], WaitOf, graph);
        return turns;
    }

    /// <summary>The place in the graph right before which a node had better run; null where its own will do.</summary>
    public int? Before(PlanNode node) => _before.TryGetValue(node, out var place) ? place : null;

    private static int Turn(PlanNode start) => ((ICollectiveStart)start.Operation).Turn ?? start.Order;

    /// <summary>Each result is waited for when it is first read; the next one is under way from then on.</summary>
    private void OrderByReaders(List<PlanNode> starts, Func<PlanNode, PlanNode> waitOf, PlanGraph graph)
    {
        if (starts.Count == 0) return;
        var readers = graph.Nodes.SelectMany(n => n.Inputs.Distinct().Select(i => (Value: i, Reader: n))).ToLookup(r => r.Value, r => r.Reader);
        int? previous = null;
        foreach (var start in starts)
        {
            var wait = waitOf(start);
            List<PlanNode> joins = [.. readers[wait.Outputs[0]]];
            var first = joins.SelectMany(j => readers[j.Outputs[0]]).Select(r => r.Order).DefaultIfEmpty(wait.Order).Min();
            _before[wait] = first;
            foreach (var join in joins) _before[join] = first;
            if (previous is { } place) _before[start] = place;
            previous = first;
        }
    }
}
