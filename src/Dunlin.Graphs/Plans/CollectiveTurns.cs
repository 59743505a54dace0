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

    private readonly PlanGraph _graph;
    private readonly Dictionary<int, PlanNode> _waits;
    private readonly Dictionary<PlanNode, int> _places = [];

    private CollectiveTurns(PlanGraph graph)
    {
        _graph = graph;
        Starts = [.. graph.Nodes.Where(n => n.Operation is ICollectiveStart).OrderBy(TurnOf).ThenBy(n => n.Order)];
        _waits = graph.Nodes.Where(n => n.Operation is ICollectiveWait { Flight: not null }).ToDictionary(n => ((ICollectiveWait)n.Operation).Flight!.Value);
        // What a collective sends is made in time for its turn.
        foreach (var start in Starts.Where(s => Of(s).Turn is not null))
            foreach (var maker in MakersOf(start)) Place(maker, TurnOf(start));
    }

    /// <summary>The starts in order.</summary>
    public IReadOnlyList<PlanNode> Starts { get; }

    /// <summary>Whether some collectives have a place in the order of the computation.</summary>
    public bool IsPaced => Starts.Any(s => Of(s).Pace != Pace.AtOnce);

    public static CollectiveTurns Of(PlanGraph graph) => new(graph);

    /// <summary>
    /// Lets each collective wait for the one before it to start. Before the passes: one that joined what stands before a collective with what stands behind a later one would let them wait for each other in a circle.
    /// </summary>
    public static void Link(PlanGraph graph)
    {
        var starts = Of(graph).Starts;
        if (starts.Count < 2) return;
        foreach (var (first, second) in starts.Zip(starts.Skip(1))) second.After.Add(first);
        graph.Sort();
    }

    /// <summary>The place in the graph behind which a node had better run; null where its own will do.</summary>
    public int? PlaceOf(PlanNode node) => _places.TryGetValue(node, out var place) ? place : null;

    /// <summary>Whether a node only brings what others need (<see cref="Pace.AsNeeded"/>), so that their order decides about its.</summary>
    public bool IsAsNeeded(PlanNode node) => node.Operation switch
    {
        ICollectiveStart start => start.Pace == Pace.AsNeeded,
        ICollectiveWait { Flight: not null } => node.Inputs[0].Producer is { Operation: ICollectiveStart { Pace: Pace.AsNeeded } },
        JoinPieces => node.Inputs[0].Producer is { } wait && IsAsNeeded(wait),
        _ => false,
    };

    /// <summary>For the nodes that have to wait for their time in an order of all nodes, the place in that order right before which it is.</summary>
    public Dictionary<PlanNode, int> Delayed(IReadOnlyList<PlanNode> order)
    {
        var at = order.Select((node, place) => (node, place)).ToDictionary(p => p.node, p => p.place);
        var delayed = new Dictionary<PlanNode, int>();
        var readers = _graph.Nodes.SelectMany(n => n.Inputs.Distinct().Select(i => (Value: i, Reader: n))).ToLookup(r => r.Value, r => r.Reader);
        foreach (var kind in Starts.Where(s => Of(s).Pace == Pace.FewAtOnce).GroupBy(s => s.Operation.GetType()))
            foreach (var (start, later) in kind.Zip(kind.Skip(Ahead)))
            {
                var wait = WaitOf(start);
                delayed[wait] = at[later];
                // What it brings for a variable goes there at once.
                foreach (var join in readers[wait.Outputs[0]].Where(r => r.Operation is JoinPieces))
                    foreach (var node in readers[join.Outputs[0]].Where(r => r.Operation.Writes is not null).Append(join)) delayed[node] = at[later];
            }
        int? previous = null;
        foreach (var start in Starts.Where(s => Of(s).Pace == Pace.AsNeeded))
        {
            var wait = WaitOf(start);
            List<PlanNode> joins = [.. readers[wait.Outputs[0]]];
            var first = joins.SelectMany(j => readers[j.Outputs[0]]).Select(r => at[r]).DefaultIfEmpty(at[wait]).Min();
            delayed[wait] = first;
            foreach (var join in joins) delayed[join] = first;
            if (previous is { } place) delayed[start] = place;
            previous = first;
        }
        return delayed;
    }

    /// <summary>Places what makes a collective's block, with all steps to it that stand behind its turn in the graph, such as packing before rounding.</summary>
    private void Place(PlanNode maker, int turn)
    {
        _places[maker] = turn;
        foreach (var earlier in MakersOf(maker).Where(m => m.Order > turn)) Place(earlier, turn);
    }

    private static IEnumerable<PlanNode> MakersOf(PlanNode node) => node.Inputs.Select(i => i.Producer).OfType<PlanNode>();

    private static ICollectiveStart Of(PlanNode start) => (ICollectiveStart)start.Operation;

    private static int TurnOf(PlanNode start) => Of(start).Turn ?? start.Order;

    private PlanNode WaitOf(PlanNode start) => _waits[Of(start).Flight!.Value];
}
