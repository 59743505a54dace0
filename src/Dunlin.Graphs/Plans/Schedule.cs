using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// The order in which a plan's nodes run, and which of them write straight into variables. Every reader of a variable's old elements
/// runs before the node that writes new ones; updates run as soon as that allows, so that gradients die young.
/// </summary>
internal sealed class Schedule
{
    private readonly PlanGraph _graph;
    private readonly Dictionary<PlanNode, HashSet<PlanNode>> _before = [];
    private readonly Dictionary<PlanValue, PlanValue> _copies = [];

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
        foreach (var node in _graph.Nodes)
            _before[node] = [.. node.Inputs.Select(i => i.Producer).OfType<PlanNode>().Concat(node.After)];
        foreach (var collective in _graph.Nodes.Where(n => n.Operation is ICollectiveStart).Zip(_graph.Nodes.Where(n => n.Operation is ICollectiveStart).Skip(1)))
            _before[collective.Second].Add(collective.First);
        var writers = _graph.Nodes.Where(n => n.Operation.Writes is not null).ToList();
        var roots = VariableRoots();
        var written = writers.Select(w => w.Operation.Writes!).ToHashSet();
        for (var f = 0; f < _graph.Fetches.Count; f++)
            if (roots.GetValueOrDefault(_graph.Fetches[f]) is { } variable && written.Contains(variable))
                _graph.Fetches[f] = OldElements(_graph.Fetches[f]);
        foreach (var writer in writers) Place(writer, roots);
        Nodes = Sort();
    }

    /// <summary>Puts a writer, or the producer in its place, behind all readers of the variable's old elements.</summary>
    private void Place(PlanNode writer, Dictionary<PlanValue, Variable> roots)
    {
        var variable = writer.Operation.Writes!;
        PreserveForLateReaders(writer, roots);
        PlanNode[] others = [.. _graph.Nodes.Where(r => r != writer && Reads(r, variable, roots).Any())];
        var elided = writer.Operation is Assign && writer.Inputs[0] is { Producer: { } producer } value
            && producer.Operation is not ICollectiveStart && producer.Operation.Writes is null
            && producer.Operation.ViewOf(producer.InputTypes, value.Type) is null && !InVariables.ContainsKey(value)
            && others.All(r => r == producer || !DependsOn(r, producer))
            && !writer.After.Contains(producer) && _before[writer].All(b => b == producer || !DependsOn(b, producer));
        if (elided)
        {
            (producer, value) = (writer.Inputs[0].Producer!, writer.Inputs[0]);
            InVariables[value] = variable;
            _before[producer].UnionWith(others.Where(r => r != producer));
            _before[producer].UnionWith(_before[writer].Where(b => b != producer));
            foreach (var before in _before.Values)
                if (before.Remove(writer)) before.Add(producer);
            _before.Remove(writer);
            _graph.Replace(writer.Outputs[0], value);
            _graph.Nodes.Remove(writer);
            return;
        }
        _before[writer].UnionWith(others);
        InVariables[writer.Outputs[0]] = variable;
    }

    /// <summary>Gives readers of the old elements that can only run after the writer (when two variables are swapped, say) a copy of them.</summary>
    private void PreserveForLateReaders(PlanNode writer, Dictionary<PlanValue, Variable> roots)
    {
        var variable = writer.Operation.Writes!;
        foreach (var late in _graph.Nodes.Where(r => r != writer && DependsOn(r, writer)).ToList())
        {
            foreach (var i in Reads(late, variable, roots).ToList())
            {
                late.Inputs[i] = OldElements(late.Inputs[i]);
                _before[late].Add(late.Inputs[i].Producer!);
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
        _before[copy] = value.Producer is { } producer ? [producer] : [];
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

    private bool DependsOn(PlanNode node, PlanNode on)
    {
        var seen = new HashSet<PlanNode>();
        var open = new Stack<PlanNode>([node]);
        while (open.TryPop(out var next))
            foreach (var before in _before.GetValueOrDefault(next, []))
            {
                if (before == on) return true;
                if (seen.Add(before)) open.Push(before);
            }
        return false;
    }

    private List<PlanNode> Sort()
    {
        var waiting = _before.ToDictionary(b => b.Key, b => b.Value.Count);
        var after = _before.SelectMany(b => b.Value.Select(before => (before, b.Key))).ToLookup(p => p.before, p => p.Key);
        var ready = new PriorityQueue<PlanNode, (int, int)>();
        foreach (var node in _graph.Nodes)
            if (waiting[node] == 0) ready.Enqueue(node, Priority(node));
        var order = new List<PlanNode>();
        while (ready.TryDequeue(out var node, out _))
        {
            order.Add(node);
            foreach (var next in after[node])
                if (--waiting[next] == 0) ready.Enqueue(next, Priority(next));
        }
        return order.Count == _graph.Nodes.Count
            ? order
            : throw new DunlinException($"The step's operations wait for each other in a circle, through {_graph.Nodes.First(n => waiting[n] > 0).Name}.");
    }

    /// <summary>Collectives start at once and are waited for last; updates free their gradients early; the rest follows the graph.</summary>
    private (int, int) Priority(PlanNode node) => (node.Operation switch
    {
        ICollectiveStart => 0,
        ICollectiveWait => 3,
        _ when node.Outputs.Any(InVariables.ContainsKey) => 1,
        _ => 2,
    }, node.Order);
}

/// <summary>A copy of a variable's elements, for what needs them after the variable has new ones. Made by <see cref="Schedule"/> only.</summary>
internal sealed record OldElements : Operation
{
    public override string? NoGradientReason => "Plans make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0]];

    public override Dunlin.Tensors.Kernels.Kernel Prepare(PrepareContext context) => new CopyKernel(context.Outputs[0].Bytes);
}
