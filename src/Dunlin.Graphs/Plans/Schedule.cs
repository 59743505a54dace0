using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// The order in which a plan's nodes run, and which of them write straight into variables. Every reader of a variable's old elements
/// runs before the node that writes new ones; updates run as soon as that allows, so that gradients die young.
/// </summary>
internal sealed class Schedule
{
    private readonly PlanGraph _graph;
    private readonly Dictionary<PlanNode, HashSet<PlanNode>> _before = [], _after = [];
    private readonly Dictionary<PlanValue, PlanValue> _copies = [];
    private CollectiveTurns _turns = null!;

    private Schedule(PlanGraph graph) => _graph = graph;

    /// <summary>The nodes in order, without the assignments that their operands' producers do themselves.</summary>
    public IReadOnlyList<PlanNode> Nodes { get; private set; } = [];

    /// <summary>The values that are computed in a variable's own memory (or copied there at once).</summary>
    public Dictionary<PlanValue, Variable> InVariables { get; } = [];

    public static Schedule Of(PlanGraph graph)
    {
        var schedule = new Schedule(graph);
        schedule.Order();
        return schedule;
    }

    private void Order()
    {
        foreach (var node in _graph.Nodes) (_before[node], _after[node]) = ([], []);
        foreach (var node in _graph.Nodes)
            foreach (var before in node.Inputs.Select(i => i.Producer).OfType<PlanNode>().Concat(node.After)) Link(before, node);
        _turns = CollectiveTurns.Of(_graph);
        var writers = _graph.Nodes.Where(n => n.Operation.Writes is not null).ToList();
        var roots = VariableRoots();
        var written = writers.Select(w => w.Operation.Writes!).ToHashSet();
        for (var f = 0; f < _graph.Fetches.Count; f++)
            if (roots.GetValueOrDefault(_graph.Fetches[f]) is { } variable && written.Contains(variable))
                _graph.Fetches[f] = OldElements(_graph.Fetches[f]);
        foreach (var writer in writers) Place(writer, roots);
        Nodes = Sort(Priority);
        if (!_turns.IsPaced) return;
        var places = Nodes.Select((node, place) => (node, 2L * place)).ToDictionary(p => p.node, p => p.Item2);
        foreach (var (node, place) in _turns.Delayed(Nodes)) places[node] = 2L * place - 1;
        Nodes = Sort(node => (0, places[node]));
    }

    /// <summary>Puts a writer, or the producer in its place, behind all readers of the variable's old elements.</summary>
    private void Place(PlanNode writer, Dictionary<PlanValue, Variable> roots)
    {
        var variable = writer.Operation.Writes!;
        PreserveForLateReaders(writer, roots);
        PlanNode[] others = [.. _graph.Nodes.Where(r => r != writer && Reads(r, variable, roots).Any())];
        if (CanBeElided(writer, others))
        {
            var (producer, value) = (writer.Inputs[0].Producer!, writer.Inputs[0]);
            InVariables[value] = variable;
            foreach (var earlier in others.Concat(_before[writer]).Where(n => n != producer)) Link(earlier, producer);
            foreach (var later in _after[writer]) Link(producer, later);
            Forget(writer);
            _graph.Replace(writer.Outputs[0], value);
            _graph.Nodes.Remove(writer);
            return;
        }
        foreach (var other in others) Link(other, writer);
        InVariables[writer.Outputs[0]] = variable;
    }

    /// <summary>Whether an assignment's producer may write the variable itself: nothing that has to come before it waits for it.</summary>
    private bool CanBeElided(PlanNode writer, PlanNode[] others)
    {
        if (writer.Operation is not Assign || writer.Inputs[0] is not { Producer: { } producer } value || producer.Operation is ICollectiveStart || producer.Operation.Writes is not null
            || producer.Operation.ViewOf(producer.InputTypes, value.Type) is not null || InVariables.ContainsKey(value) || writer.After.Contains(producer)) return false;
        var later = Later(producer);
        return !others.Concat(_before[writer]).Any(n => n != producer && later.Contains(n));
    }

    /// <summary>Gives readers of the old elements that can only run after the writer (when two variables are swapped, say) a copy of them.</summary>
    private void PreserveForLateReaders(PlanNode writer, Dictionary<PlanValue, Variable> roots)
    {
        var variable = writer.Operation.Writes!;
        foreach (var late in Later(writer))
        {
            var reads = Reads(late, variable, roots).ToList();
            if (reads.Count == 0) continue;
            foreach (var i in reads)
            {
                late.Inputs[i] = OldElements(late.Inputs[i]);
                Link(late.Inputs[i].Producer!, late);
            }
            // What was a view of the variable is now one of the copy.
            if ((View(late) ?? Lowering.CastOf(late)) is not null) roots.Remove(late.Outputs[0]);
        }
    }

    /// <summary>A copy, made before any new elements are written, of a variable or a view of one.</summary>
    private PlanValue OldElements(PlanValue value)
    {
        if (_copies.TryGetValue(value, out var known)) return known;
        var copy = new PlanNode(new OldElements(), value.Name, [value], [value.Type], value.Producer?.Order ?? -1);
        (_before[copy], _after[copy]) = ([], []);
        if (value.Producer is { } producer) Link(producer, copy);
        _graph.Nodes.Insert(value.Producer is null ? 0 : _graph.Nodes.IndexOf(value.Producer) + 1, copy);
        return _copies[value] = copy.Outputs[0];
    }

    /// <summary>The variables, and the views and casts of them, that nodes or fetches read. A cast may be computed as late as by its readers.</summary>
    private Dictionary<PlanValue, Variable> VariableRoots()
    {
        var roots = new Dictionary<PlanValue, Variable>();
        foreach (var value in _graph.Nodes.SelectMany(n => n.Inputs).Concat(_graph.Fetches))
            if (value.Variable is { } variable) roots[value] = variable;
        foreach (var node in _graph.Nodes)
            if ((View(node) ?? Lowering.CastOf(node)) is { } view && roots.TryGetValue(node.Inputs[view.Input], out var variable)) roots[node.Outputs[0]] = variable;
        return roots;
    }

    private static MemoryView? View(PlanNode node) => node.Operation.ViewOf(node.InputTypes, node.Outputs[0].Type);

    /// <summary>The inputs by which a node reads a variable's old elements, itself or through views.</summary>
    private static IEnumerable<int> Reads(PlanNode node, Variable variable, Dictionary<PlanValue, Variable> roots) =>
        Enumerable.Range(0, node.Inputs.Count).Where(i => roots.GetValueOrDefault(node.Inputs[i]) == variable && node.Operation.ReadsElements(i));

    /// <summary>Lets one node run before another.</summary>
    private void Link(PlanNode first, PlanNode second)
    {
        _before[second].Add(first);
        _after[first].Add(second);
    }

    private void Forget(PlanNode node)
    {
        foreach (var before in _before[node]) _after[before].Remove(node);
        foreach (var after in _after[node]) _before[after].Remove(node);
        _before.Remove(node);
        _after.Remove(node);
    }

    /// <summary>All nodes that wait for a node, themselves or through others.</summary>
    private HashSet<PlanNode> Later(PlanNode node)
    {
        var later = new HashSet<PlanNode>();
        var open = new Stack<PlanNode>([node]);
        while (open.TryPop(out var next))
            foreach (var after in _after[next])
                if (later.Add(after)) open.Push(after);
        return later;
    }

    private List<PlanNode> Sort(Func<PlanNode, (int, long)> priority)
    {
        var waiting = _before.ToDictionary(b => b.Key, b => b.Value.Count);
        var ready = new PriorityQueue<PlanNode, (int, long)>();
        foreach (var node in _graph.Nodes)
            if (waiting[node] == 0) ready.Enqueue(node, priority(node));
        var order = new List<PlanNode>();
        while (ready.TryDequeue(out var node, out _))
        {
            order.Add(node);
            foreach (var next in _after[node])
                if (--waiting[next] == 0) ready.Enqueue(next, priority(next));
        }
        return order.Count == _graph.Nodes.Count
            ? order
            : throw new DunlinException($"The step's operations wait for each other in a circle, through {_graph.Nodes.First(n => waiting[n] > 0).Name}.");
    }

    /// <summary>Collectives start at once and are waited for last; updates free their gradients early; the rest follows the graph.</summary>
    private (int, long) Priority(PlanNode node) => (node.Operation switch
    {
        _ when _turns.IsAsNeeded(node) => 0,
        ICollectiveStart => 0,
        ICollectiveWait => 3,
        _ when node.Outputs.Any(InVariables.ContainsKey) => 1,
        _ => 2,
    }, _turns.PlaceOf(node) ?? node.Order);
}

/// <summary>A copy of a variable's elements, for what needs them after the variable has new ones. Made by <see cref="Schedule"/> only.</summary>
internal sealed record OldElements : Operation
{
    public override string? NoGradientReason => "Plans make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0]];

    public override Dunlin.Tensors.Kernels.Kernel Prepare(PrepareContext context) => new CopyKernel(context.Outputs[0].Bytes);
}
