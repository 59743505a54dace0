namespace Dunlin.Graphs;

/// <summary>A tensor to be: what a node will have computed when the graph runs. Operators and methods on it add nodes to its graph.</summary>
public sealed partial class Value
{
    internal Value(Node node, int output, TensorType type)
    {
        Node = node;
        Output = output;
        TensorType = type;
    }

    /// <summary>The node that computes it.</summary>
    public Node Node { get; }

    /// <summary>Which of the node's outputs it is.</summary>
    public int Output { get; }

    /// <summary>Element type and shape.</summary>
    public TensorType TensorType { get; }

    /// <summary>The element type.</summary>
    public DType Type => TensorType.Type;

    /// <summary>The shape; lengths that depend on what is fed are <see cref="Shape.Unknown"/>.</summary>
    public Shape Shape => TensorType.Shape;

    /// <summary>The graph.</summary>
    public Graph Graph => Node.Graph;

    /// <summary>The node's name, with the output's number where there are several.</summary>
    public string Name => Node.Outputs.Count > 1 ? $"{Node.Name}:{Output}" : Node.Name;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {TensorType}";
}
