using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>Forward mode of operations for which it is simpler than what <see cref="DoubleTranspose"/> derives.</summary>
internal static class Tangents
{
    /// <summary>Of an operation that is linear in some inputs together, and not differentiated with respect to the others: the operation itself.</summary>
    public static IReadOnlyList<Value?> Linear(Node node, IReadOnlyList<Value?> tangents, params IReadOnlyList<int> inputs)
    {
        if (inputs.All(i => tangents[i] is null)) return new Value?[node.Outputs.Count];
        Value[] moved = [.. node.Inputs];
        foreach (var i in inputs) moved[i] = tangents[i] ?? node.Inputs[i].ZerosLike();
        return node.Graph.AddNode(node.Operation, moved).Outputs;
    }

    /// <summary>Of an operation that is linear in its first input and in its second.</summary>
    public static IReadOnlyList<Value?> Bilinear(Node node, IReadOnlyList<Value?> tangents)
    {
        Value? With(Value? a, Value? b) => a is null || b is null ? null : node.Graph.Add(node.Operation, [a, b, .. node.Inputs.Skip(2)]);
        return [Sum(With(tangents[0], node.Inputs[1]), With(node.Inputs[0], tangents[1]))];
    }

    /// <summary>A sum of which either side may be missing.</summary>
    public static Value? Sum(Value? a, Value? b) => a is not null && b is not null ? Gradients.Plus(a, b) : a ?? b;

    /// <summary>The value repeated in the shape of another, where it does not have that already.</summary>
    public static Value? Spread(Value? tangent, Value like) => tangent is null || (tangent.Shape.IsKnown && tangent.Shape == like.Shape) ? tangent : tangent.BroadcastToLike(like);
}
