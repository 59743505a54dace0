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
        var readers = VariableReaders();
        foreach (var writer in _graph.Nodes.Where(n => n.Operation.Writes is not null).ToList()) Place(writer, readers);
        Nodes = Sort();
    }

    /// <summary>Puts a writer, or the producer in its place, behind all readers of the variable's old elements.</summary>
    private void Place(PlanNode writer, ILookup<Variable, PlanNode> readers)
    {
        var variable = writer.Operation.Writes!;
        PlanNode[] others = [.. readers[variable].Where(r => r != writer).Distinct()];
        var elided = writer.Operation is Assign && writer.Inputs[0] is { Producer: { } producer } value
            && producer.Operation is not ICollectiveStart && producer.Operation.Writes is null
            && producer.Operation.ViewOf(producer.InputTypes, value.Type) is null && !InVariables.ContainsKey(value)
            && others.All(r => r == producer || !DependsOn(r, producer))
            && writer.After.All(a => a != producer && !DependsOn(a, producer));
        if (elided)
        {
            (producer, value) = (writer.Inputs[0].Producer!, writer.Inputs[0]);
            InVariables[value] = variable;
            _before[producer].UnionWith(others.Where(r => r != producer));
            _before[producer].UnionWith(writer.After);
            foreach (var before in _before.Values)
                if (before.Remove(writer)) before.Add(producer);
            _before.Remove(writer);
            _graph.Replace(writer.Outputs[0], value);
            _graph.Nodes.Remove(writer);
            return;
        }
        if (others.FirstOrDefault(r => DependsOn(r, writer)) is { } late)
            throw new DunlinException($"{late.Name} reads the old elements of {variable.Name} and depends on its new ones (through {writer.Name}); take one of the two.");
        _before[writer].UnionWith(others);
        InVariables[writer.Outputs[0]] = variable;
    }

    /// <summary>Who reads each variable, itself or through views.</summary>
    private ILookup<Variable, PlanNode> VariableReaders()
    {
        var roots = new Dictionary<PlanValue, Variable>();
        var pairs = new List<(Variable, PlanNode)>();
        foreach (var node in _graph.Nodes)
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                var input = node.Inputs[i];
                if ((input.Variable ?? roots.GetValueOrDefault(input)) is not { } variable || !node.Operation.ReadsElements(i)) continue;
                if (node.Operation.ViewOf(node.InputTypes, node.Outputs[0].Type)?.Input == i) roots[node.Outputs[0]] = variable;
                pairs.Add((variable, node));
            }
        return pairs.ToLookup(p => p.Item1, p => p.Item2);
    }

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
