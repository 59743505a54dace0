using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>Cuts out of a graph what some fetches and targets need, and gives every value its known type.</summary>
internal static class PlanBuilder
{
    /// <summary>Walks back from the fetches and targets, stopping at what is fed.</summary>
    /// <exception cref="DunlinException">A placeholder is needed and not fed, a fed shape does not fit, or a variable is assigned twice.</exception>
    public static PlanGraph Build(IReadOnlyList<Value> feeds, IReadOnlyList<TensorType> feedTypes, IReadOnlyList<Value> fetches, IEnumerable<Node> targets)
    {
        var values = new Dictionary<Value, PlanValue>();
        for (var i = 0; i < feeds.Count; i++)
        {
            if (feeds[i].Type != feedTypes[i].Type || !feeds[i].Shape.Accepts(feedTypes[i].Shape))
                throw new ShapeException($"{feeds[i].Name} expects {feeds[i].TensorType}; it was fed {feedTypes[i]}.");
            values[feeds[i]] = new PlanValue(feedTypes[i], feeds[i].Name) { Feed = i };
        }
        return Build(values, fetches, targets);
    }

    /// <summary>Walks back from the fetches and targets, stopping at the given values.</summary>
    /// <param name="values">The values that need no computing; what is computed is added.</param>
    /// <param name="fetches">What to compute.</param>
    /// <param name="targets">What else is to run.</param>
    public static PlanGraph Build(Dictionary<Value, PlanValue> values, IReadOnlyList<Value> fetches, IEnumerable<Node> targets)
    {
        var nodes = new Dictionary<Node, PlanNode>();
        var writers = new Dictionary<Variable, Node>();
        foreach (var node in Needed(values.Keys.ToHashSet(), fetches, targets))
        {
            if (Source(node) is { } source)
            {
                values.TryAdd(node.Outputs[0], source);
                continue;
            }
            if (node.Operation.Writes is { } variable && !writers.TryAdd(variable, node))
                throw new DunlinException($"The variable {variable.Name} is assigned twice in one step, by {writers[variable].Name} and {node.Name}.");
            PlanValue[] inputs = [.. node.Inputs.Select(i => values[i])];
            var plan = new PlanNode(node.Operation, node.Name, inputs, Infer(node, [.. inputs.Select(i => i.Type)]), node.Index);
            foreach (var earlier in node.After)
                if (nodes.TryGetValue(earlier, out var before)) plan.After.Add(before);
            nodes[node] = plan;
            for (var i = 0; i < node.Outputs.Count; i++) values.TryAdd(node.Outputs[i], plan.Outputs[i]);
        }
        return new PlanGraph([.. nodes.Values], [.. fetches.Select(f => values[f])]);
    }

    /// <summary>The types of a node's outputs for known types of its inputs.</summary>
    public static TensorType[] Infer(Node node, IReadOnlyList<TensorType> inputs)
    {
        try { return Node.Infer(node.Operation, inputs); }
        catch (DunlinException e)
        {
            e.At(node.Name, Node.Describe(node.Name, node.Inputs));
            throw;
        }
    }

    private static PlanValue? Source(Node node) => node.Operation switch
    {
        Constant constant => new PlanValue(constant.Tensor.TensorType, node.Name) { Constant = constant.Tensor },
        ReadVariable read => new PlanValue(read.Variable.TensorType, node.Name) { Variable = read.Variable },
        _ => null,
    };

    /// <summary>The nodes that some values and targets need, in the graph's order.</summary>
    public static IEnumerable<Node> Needed(IReadOnlySet<Value> fed, IEnumerable<Value> values, IEnumerable<Node> targets)
    {
        var needed = new SortedDictionary<int, Node>();
        var open = new Stack<Node>(values.Where(v => !fed.Contains(v)).Select(v => v.Node).Concat(targets));
        while (open.TryPop(out var node))
        {
            if (!needed.TryAdd(node.Index, node)) continue;
            if (node.Operation is Placeholder)
                throw new DunlinException($"{node.Outputs[0]} is needed but was not fed; feed it, or fetch something that does not depend on it.");
            foreach (var input in node.Inputs)
                if (!fed.Contains(input)) open.Push(input.Node);
            foreach (var earlier in node.After)
                if (!earlier.Outputs.All(fed.Contains)) open.Push(earlier);
        }
        return needed.Values;
    }
}
