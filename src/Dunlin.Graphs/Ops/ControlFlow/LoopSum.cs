namespace Dunlin.Graphs.Ops;

/// <summary>
/// A sum over iterations that need not be added up one by one: Σₜ aₜᵀ·bₜ is one product of all a with all b, Σₜ Σ b a reduction of all b, and rows of a
/// table stay rows.
/// </summary>
/// <param name="outside">For an element of a scanned input, that input; null for other values.</param>
/// <param name="stack">Keeps a value of every iteration; returns its place among those kept.</param>
internal sealed class LoopSum(Func<Value, Func<Node, Node, Value>?> outside, Func<Value, int> stack)
{
    /// <summary>Finds such a form.</summary>
    /// <param name="gradient">What each iteration adds.</param>
    /// <param name="target">What the gradient belongs to.</param>
    /// <returns>Makes the sum, given the twin of the forward loop and the loop that adds up; null if there is no such form.</returns>
    public Func<Node, Node, Gradient>? Hoist(Gradient gradient, Value target)
    {
        if (gradient.IsSparse)
        {
            var (rows, indices, row) = (gradient.Values, gradient.Indices!, target.Shape[1..]);
            if (rows.Shape.Rank != target.Shape.Rank || row.Dimensions.Contains(Shape.Unknown)) return null;
            var (allRows, allIndices) = (All(rows), All(indices));
            return (twin, node) => Gradient.Sparse(allIndices(twin, node).Reshape([-1]), allRows(twin, node).Reshape(Shape.Of(-1).Append(row.Dimensions)), target);
        }
        return Dense(gradient.Values, target) is { } sum ? (twin, node) => sum(twin, node).ReshapeLike(target) : null;
    }

    private Func<Node, Node, Value>? Dense(Value value, Value target)
    {
        var inputs = value.Node.Inputs;
        switch (value.Node.Operation)
        {
            case Binary { Name: "Add" } when inputs[0].Shape == inputs[1].Shape && Dense(inputs[0], target) is { } a && Dense(inputs[1], target) is { } b:
                return (twin, node) => a(twin, node) + b(twin, node);
            case MatMul { TransposeA: true, TransposeB: false } when inputs.All(i => i.Shape.Rank == 2 && i.Shape[1] != Shape.Unknown):
                var (left, right) = (All(inputs[0]), All(inputs[1]));
                return (twin, node) => Rows(left(twin, node)).MatMul(Rows(right(twin, node)), transposeA: true);
            case ReduceToLike:
                var terms = All(inputs[0]);
                return (twin, node) => terms(twin, node).Sum([0]).ReduceToLike(target);
            case Reduce { Reducer: Reducer.Sum } reduce:
                var parts = All(inputs[0]);
                return (twin, node) => node.Graph.Add(reduce, [parts(twin, node).Sum([0])]);
            default:
                return null;
        }
    }

    private Func<Node, Node, Value> All(Value value)
    {
        if (outside(value) is { } input) return input;
        var place = stack(value);
        return (_, node) => node.Outputs[((Loop)node.Operation).States + place];
    }

    private static Value Rows(Value stacked) => stacked.Reshape([-1, stacked.Shape[2]]);
}
