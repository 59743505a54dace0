namespace Dunlin.Graphs.Plans;

/// <summary>A tensor of a plan under construction: its type is fully known.</summary>
internal sealed class PlanValue(TensorType type, string name)
{
    public TensorType Type { get; } = type;

    public string Name { get; } = name;

    /// <summary>The node that computes it; null for feeds, constants and variables.</summary>
    public PlanNode? Producer { get; init; }

    public int Output { get; init; }

    public Tensor? Constant { get; init; }

    public Variable? Variable { get; init; }

    /// <summary>Its place among the feeds, or −1.</summary>
    public int Feed { get; init; } = -1;

    /// <summary>Whether it has no elements: only its shape matters.</summary>
    public bool IsShapeOnly { get; private init; }

    /// <summary>Stands for another value where only the shape matters.</summary>
    public static PlanValue OfShape(PlanValue value) => OfShape(value, value.Type.Type);

    /// <summary>Stands for another value of another element type where only the shape matters.</summary>
    public static PlanValue OfShape(PlanValue value, DType type) => new(value.Type with { Type = type }, value.Name) { IsShapeOnly = true };

    public override string ToString() => $"{Name} {Type}";
}

/// <summary>An operation of a plan under construction.</summary>
internal sealed class PlanNode
{
    public PlanNode(Operation operation, string name, IEnumerable<PlanValue> inputs, IEnumerable<TensorType> outputs, int order)
    {
        Operation = operation;
        Name = name;
        Inputs = [.. inputs];
        Outputs = [.. outputs.Select((type, i) => new PlanValue(type, name) { Producer = this, Output = i })];
        Order = order;
    }

    public Operation Operation { get; }

    public string Name { get; }

    public List<PlanValue> Inputs { get; }

    public IReadOnlyList<PlanValue> Outputs { get; }

    /// <summary>Nodes that must run before though nothing of theirs is read.</summary>
    public HashSet<PlanNode> After { get; } = [];

    /// <summary>Where it stood in the graph: among nodes that could run next, the lowest is first.</summary>
    public int Order { get; }

    public IReadOnlyList<TensorType> InputTypes => [.. Inputs.Select(i => i.Type)];

    /// <summary>Whether it reads or waits for the other node, itself or through others.</summary>
    public bool DependsOn(PlanNode other)
    {
        var seen = new HashSet<PlanNode>();
        var open = new Stack<PlanNode>([this]);
        while (open.TryPop(out var node))
            foreach (var before in node.Inputs.Select(i => i.Producer).OfType<PlanNode>().Concat(node.After))
            {
                if (before == other) return true;
                if (seen.Add(before)) open.Push(before);
            }
        return false;
    }

    public override string ToString() => $"{Name}: {Operation.Name}";
}

/// <summary>What a plan will compute: the part of a graph that some fetches and targets need, with all shapes known. Passes rewrite it.</summary>
internal sealed class PlanGraph(List<PlanNode> nodes, List<PlanValue> fetches)
{
    /// <summary>The nodes; inputs come from earlier ones.</summary>
    public List<PlanNode> Nodes { get; set; } = nodes;

    /// <summary>What to return.</summary>
    public List<PlanValue> Fetches { get; } = fetches;

    /// <summary>The element type of products of Float32 tensors; see <see cref="SessionOptions.Precision"/>.</summary>
    public DType Precision { get; set; } = DType.Float32;

    /// <summary>Puts one value in another's place everywhere.</summary>
    public void Replace(PlanValue old, PlanValue by)
    {
        foreach (var node in Nodes)
            for (var i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i] == old) node.Inputs[i] = by;
        for (var i = 0; i < Fetches.Count; i++)
            if (Fetches[i] == old) Fetches[i] = by;
    }

    /// <summary>Takes a node out of all control edges: what waited for it waits for the node in its place or, where there is none, for all that it waited for.</summary>
    public void Bypass(PlanNode gone, PlanNode? by)
    {
        foreach (var node in Nodes)
            if (node.After.Remove(gone))
            {
                node.After.UnionWith(gone.After);
                if (by is null) node.After.UnionWith(gone.Inputs.Select(i => i.Producer).OfType<PlanNode>());
                else if (by != node) node.After.Add(by);
            }
    }

    /// <summary>Drops nodes that nothing needs any more.</summary>
    /// <param name="targets">Nodes to keep whatever they compute.</param>
    public void Prune(IReadOnlyCollection<PlanNode> targets)
    {
        var needed = new HashSet<PlanNode>();
        var open = new Stack<PlanNode>([.. targets, .. Fetches.Select(f => f.Producer).OfType<PlanNode>()]);
        while (open.TryPop(out var node))
        {
            if (!needed.Add(node)) continue;
            foreach (var input in node.Inputs)
                if (input.Producer is { } producer) open.Push(producer);
            foreach (var earlier in node.After) open.Push(earlier);
        }
        Nodes = [.. Nodes.Where(needed.Contains)];
    }

    /// <summary>Puts inputs before their readers, and otherwise keeps the graph's order.</summary>
    public void Sort()
    {
        var (sorted, seen, done) = (new List<PlanNode>(), new HashSet<PlanNode>(), new HashSet<PlanNode>());
        // A stack of its own: chains may be longer than a thread's stack is deep.
        var open = new Stack<PlanNode>(Nodes.OrderByDescending(n => n.Order));
        while (open.TryPeek(out var node))
        {
            if (!seen.Add(node))
            {
                open.Pop();
                if (done.Add(node)) sorted.Add(node);
                continue;
            }
            foreach (var earlier in node.After)
                if (!seen.Contains(earlier)) open.Push(earlier);
            for (var i = node.Inputs.Count - 1; i >= 0; i--)
                if (node.Inputs[i].Producer is { } producer && !seen.Contains(producer)) open.Push(producer);
        }
        Nodes = sorted;
    }
}

/// <summary>Replaces values and removes nodes while a pass goes through a plan's nodes in order, without going through all of them for each.</summary>
internal sealed class Rewriting(PlanGraph graph)
{
    private readonly Dictionary<PlanValue, PlanValue> _by = [];
    private readonly HashSet<PlanNode> _gone = [];
    private readonly bool _hasControlEdges = graph.Nodes.Any(n => n.After.Count > 0);

    /// <summary>The nodes; those before have been rewritten by the time each comes.</summary>
    public IEnumerable<PlanNode> Nodes()
    {
        foreach (var node in graph.Nodes)
        {
            for (var i = 0; i < node.Inputs.Count; i++) node.Inputs[i] = _by.GetValueOrDefault(node.Inputs[i], node.Inputs[i]);
            yield return node;
        }
        graph.Nodes.RemoveAll(_gone.Contains);
        for (var i = 0; i < graph.Fetches.Count; i++) graph.Fetches[i] = _by.GetValueOrDefault(graph.Fetches[i], graph.Fetches[i]);
    }

    /// <summary>Puts a value in another's place for all nodes to come.</summary>
    public void Replace(PlanValue old, PlanValue by) => _by[old] = by;

    /// <summary>Removes a node; see <see cref="PlanGraph.Bypass"/>.</summary>
    public void Remove(PlanNode node, PlanNode? by)
    {
        _gone.Add(node);
        if (_hasControlEdges) graph.Bypass(node, by);
    }
}
