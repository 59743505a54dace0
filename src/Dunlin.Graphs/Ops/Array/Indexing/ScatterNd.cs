using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Changes the cells of a tensor that index tuples name. Inputs: x, indices[n…, k] (Int32 or Int64; 1 ≤ k ≤ rank of x) and rows[n…, d…]
/// in the shape of the cells that they name, of x's type. Output: x with those cells changed; where a cell is named again it changes
/// again, in the order of the rows. An index outside its dimension is an error when it runs.
/// </summary>
public abstract record ScatterNd : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var (x, indices) = (inputs[0], inputs[1]);
        if (IndexTuples.Problem(indices, x.Shape) is { } problem) throw Mismatch(inputs, problem);
        var rows = indices.Shape[..^1].Append(x.Shape.Dimensions[indices.Shape[^1]..]);
        if (x.Type != inputs[2].Type || !rows.Accepts(inputs[2].Shape)) throw Mismatch(inputs, $"the rows are {x.Type}{rows}.");
        return Combines && x.Type is DType.Bool or DType.UInt8 ? throw Mismatch(inputs, $"is not defined for {x.Type}; Cast first.") : [x];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, indices, rows, tuple) = (batching.Everywhere(inputs[0]), inputs[1], batching.Everywhere(inputs[2]), node.Inputs[1].Shape);
        if (!indices.IsBatched) return [Batching.First(node.Graph.Add(this, [Batching.Behind(x, tuple[^1]), indices.Value, Batching.Behind(rows, tuple.Rank - 1)]), tuple[^1])];
        return batching.Length < 0 || !tuple.IsKnown ? null : [node.Graph.Add(this, [x, batching.Numbered(indices.Value), rows])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => ScatterKernel.Create(Reducer, Name, context.Inputs, context.Outputs);

    /// <summary>How a row changes its cell; null: it takes its place.</summary>
    protected abstract Reducer? Reducer { get; }

    /// <summary>Whether numbers are combined, and not only moved.</summary>
    private bool Combines => Reducer is not null;
}

/// <summary>x with the rows added to the cells that the index tuples name.</summary>
/// <remarks>Gradients: dy for x, its gathered cells for the rows.</remarks>
public sealed record ScatterNdAdd : ScatterNd
{
    /// <inheritdoc/>
    protected override Reducer? Reducer => Ops.Reducer.Sum;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!, null, outputGradients[0]!.GatherNd(node.Inputs[1])];
}

/// <summary>x with the rows in the place of the cells that the index tuples name; of several for one cell the last one stays. Any type.</summary>
/// <remarks>Gradients: dy outside the named cells for x; for the rows that stayed, dy of their cells.</remarks>
public sealed record ScatterNdUpdate : ScatterNd
{
    /// <inheritdoc/>
    protected override Reducer? Reducer => null;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, indices, rows, dy) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], outputGradients[0]!);
        var numbers = Scattering.Numbers(indices);
        var last = Operations.ScatterNdUpdate(Scattering.CellsOf(x, indices, DType.Int64, 0), indices, numbers);
        var stays = Scattering.Align(last.GatherNd(indices).EqualTo(numbers), rows);
        return [Operations.ScatterNdUpdate(dy, indices, rows.ZerosLike()), null, Operations.Select(stays, dy.GatherNd(indices), dy.Number(0))];
    }
}

/// <summary>x with the larger of cell and row, element by element, in the cells that the index tuples name; NaN if either is.</summary>
/// <remarks>Gradients: dy for the largest of cell and rows, shared equally among equals.</remarks>
public sealed record ScatterNdMax : ScatterNd
{
    /// <inheritdoc/>
    protected override Reducer? Reducer => Ops.Reducer.Max;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => Scattering.ShareExtreme(node, outputGradients[0]!);
}

/// <summary>x with the smaller of cell and row, element by element, in the cells that the index tuples name; NaN if either is.</summary>
/// <remarks>Gradients: dy for the smallest of cell and rows, shared equally among equals.</remarks>
public sealed record ScatterNdMin : ScatterNd
{
    /// <inheritdoc/>
    protected override Reducer? Reducer => Ops.Reducer.Min;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => Scattering.ShareExtreme(node, outputGradients[0]!);
}

/// <summary>x with the cells that the index tuples name multiplied by the rows.</summary>
/// <remarks>Gradients: dy times the product of all other factors of the cell, also where some are 0.</remarks>
public sealed record ScatterNdMultiply : ScatterNd
{
    /// <inheritdoc/>
    protected override Reducer? Reducer => Ops.Reducer.Product;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, indices, rows, dy) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], outputGradients[0]!);
        // The cells as segments, so that the factors of each can be told from those of the others.
        var flat = rows.Reshape(Shape.Of(-1).Append(x.Shape.Dimensions[indices.Shape[^1]..]));
        var others = flat.ProductOfOthers(Scattering.CellNumbers(x, indices).Reshape([-1])).ReshapeLike(rows);
        return [dy * Operations.ScatterNdMultiply(x.OnesLike(), indices, rows), null, (dy * x).GatherNd(indices) * others];
    }
}

/// <summary>Changed cells.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ScatterNdAdd"/>
    public static Value ScatterNdAdd(Value x, Value indices, Value rows) => x.Graph.Add(new ScatterNdAdd(), [x, indices, rows]);

    /// <inheritdoc cref="Ops.ScatterNdUpdate"/>
    public static Value ScatterNdUpdate(Value x, Value indices, Value rows) => x.Graph.Add(new ScatterNdUpdate(), [x, indices, rows]);

    /// <inheritdoc cref="Ops.ScatterNdMax"/>
    public static Value ScatterNdMax(Value x, Value indices, Value rows) => x.Graph.Add(new ScatterNdMax(), [x, indices, rows]);

    /// <inheritdoc cref="Ops.ScatterNdMin"/>
    public static Value ScatterNdMin(Value x, Value indices, Value rows) => x.Graph.Add(new ScatterNdMin(), [x, indices, rows]);

    /// <inheritdoc cref="Ops.ScatterNdMultiply"/>
    public static Value ScatterNdMultiply(Value x, Value indices, Value rows) => x.Graph.Add(new ScatterNdMultiply(), [x, indices, rows]);

    /// <summary>Zeros of a shape to whose cells, named by index tuples, rows are added; see <see cref="Ops.ScatterNdAdd"/>.</summary>
    public static Value ScatterNd(Value indices, Value rows, Shape shape) => ScatterNdAdd(rows.Graph.Zeros(shape, rows.Type), indices, rows);

    /// <summary>A table with the rows [n, d…] in the place of those with the given numbers [n]; see <see cref="Ops.ScatterNdUpdate"/>.</summary>
    public static Value ScatterUpdate(Value table, Value numbers, Value rows) => ScatterNdUpdate(table, numbers.ExpandLast(), rows);

    /// <summary>A table less the rows [n, d…] at the given numbers [n]; see <see cref="Ops.ScatterNdAdd"/>.</summary>
    public static Value ScatterSubtract(Value table, Value numbers, Value rows) => ScatterNdAdd(table, numbers.ExpandLast(), -rows);

    /// <summary>A table whose rows at the given numbers [n] are multiplied by the rows [n, d…]; see <see cref="Ops.ScatterNdMultiply"/>.</summary>
    public static Value ScatterMultiply(Value table, Value numbers, Value rows) => ScatterNdMultiply(table, numbers.ExpandLast(), rows);

    /// <summary>A table whose rows at the given numbers [n] are divided by the rows [n, d…]; see <see cref="Ops.ScatterNdMultiply"/>.</summary>
    public static Value ScatterDivide(Value table, Value numbers, Value rows) => ScatterNdMultiply(table, numbers.ExpandLast(), 1 / rows);

    /// <summary>A table whose rows at the given numbers [n] are the larger of themselves and the rows [n, d…]; see <see cref="Ops.ScatterNdMax"/>.</summary>
    public static Value ScatterMax(Value table, Value numbers, Value rows) => ScatterNdMax(table, numbers.ExpandLast(), rows);

    /// <summary>A table whose rows at the given numbers [n] are the smaller of themselves and the rows [n, d…]; see <see cref="Ops.ScatterNdMin"/>.</summary>
    public static Value ScatterMin(Value table, Value numbers, Value rows) => ScatterNdMin(table, numbers.ExpandLast(), rows);
}
