namespace Dunlin.Graphs;

/// <summary>An operation applied to values.</summary>
public sealed class Node
{
    internal Node(Graph graph, int index, string name, Operation operation, IReadOnlyList<Value> inputs, IReadOnlyList<Node> after, TensorType[] outputs)
    {
        Graph = graph;
        Index = index;
        Name = name;
        Operation = operation;
        Inputs = inputs;
        After = after;
        Outputs = [.. outputs.Select((type, i) => new Value(this, i, type))];
    }

    private Node(Node other, IReadOnlyList<Value> inputs)
    {
        (Graph, Index, Name, Operation, After, Outputs) = (other.Graph, other.Index, other.Name, other.Operation, other.After, other.Outputs);
        Inputs = inputs;
    }

    /// <summary>This node, read by differentiation as if its inputs were others of the same elements. It is no part of the graph.</summary>
    internal Node Reading(IReadOnlyList<Value> inputs) => new(this, inputs);

    /// <summary>The graph that the node belongs to.</summary>
    public Graph Graph { get; }

    /// <summary>The node's place in the graph: inputs always come from nodes of lower index.</summary>
    public int Index { get; }

    /// <summary>The unique name: scopes, joined by slashes, then the operation's name.</summary>
    public string Name { get; }

    /// <summary>What it computes.</summary>
    public Operation Operation { get; }

    /// <summary>What it reads.</summary>
    public IReadOnlyList<Value> Inputs { get; }

    /// <summary>Nodes that must have run before this one though it reads nothing of theirs (control edges).</summary>
    public IReadOnlyList<Node> After { get; }

    /// <summary>What it computes.</summary>
    public IReadOnlyList<Value> Outputs { get; }

    /// <summary>The floating-point operations of one run, as far as lengths are known; see <see cref="Operation.Flops"/>.</summary>
    public long Flops => Operation.Flops([.. Inputs.Select(i => i.TensorType)], [.. Outputs.Select(o => o.TensorType)]);

    /// <summary>What an operation makes of inputs; a length that no dimension can have is an error of ours as well.</summary>
    internal static TensorType[] Infer(Operation operation, IReadOnlyList<TensorType> inputs)
    {
        try
        {
            var outputs = operation.Infer(inputs);
            foreach (var output in outputs)
                if (output.Shape.IsKnown && output.Shape.Dimensions.Length > 1 && CountOf(output.Shape) > long.MaxValue / sizeof(double))
                    throw new ShapeException($"{operation.Name}({string.Join(", ", inputs)}): the result would be {output}, which is more than memory can be counted.");
            return outputs;
        }
        catch (OverflowException) { throw new ShapeException($"{operation.Name}({string.Join(", ", inputs)}): a length or a number of elements would be more than {int.MaxValue:N0}."); }
    }

    private static double CountOf(Shape shape)
    {
        var count = 1.0;
        foreach (var length in shape) count *= length;
        return count;
    }

    /// <summary>How messages name a node with what it reads, so that somebody finds it in their program.</summary>
    internal static string Describe(string name, IReadOnlyList<Value?> inputs)
    {
        const int Named = 8;
        var names = inputs.Take(Named).Select(i => i?.Name ?? "null");
        return inputs.Count == 0 ? $"In {name}" : $"In {name} of {string.Join(", ", names)}{(inputs.Count > Named ? ", …" : "")}";
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Operation.Name}({string.Join(", ", Inputs)}) -> {string.Join(", ", Outputs.Select(o => o.TensorType))}";
}
