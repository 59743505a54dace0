namespace Dunlin.Graphs.Ops;

/// <summary>The numbers start, start + step, … before limit (for a negative step, above it), of three Int64 or Int32 scalars.</summary>
public sealed record DynamicRange : DynamicOperation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its inputs are integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        return inputs[0].Type is DType.Int32 or DType.Int64 && inputs.All(i => i.Type == inputs[0].Type && i.Shape.Rank == 0)
            ? [new(inputs[0].Type, [Shape.Unknown])]
            : throw Mismatch(inputs, "takes scalars of Int64, or of Int32.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        if (inputs[0].Type == DType.Int32) return [Tensor.From(Numbers(inputs[0].Item<int>(), inputs[1].Item<int>(), inputs[2].Item<int>()).Select(n => (int)n).ToArray())];
        return [Tensor.From(Numbers(inputs[0].Item<long>(), inputs[1].Item<long>(), inputs[2].Item<long>()).ToArray())];
    }

    private static IEnumerable<long> Numbers(long start, long limit, long step)
    {
        if (step == 0) throw new DunlinException($"DynamicRange({start}, {limit}): the step is not 0.");
        for (var n = start; step > 0 ? n < limit : n > limit; n += step) yield return n;
    }
}

/// <summary>A scalar (first input) repeated in a shape that is computed: the second input has its lengths, Int64 or Int32[rank].</summary>
/// <remarks>Gradient: the sum of dy.</remarks>
public sealed record DynamicFill : DynamicOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Shape.Rank == 0 ? [new(inputs[0].Type, Lengths.Unknown(inputs, Mismatch))] : throw Mismatch(inputs, "the first input is a scalar.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var y = Tensor.Uninitialized(inputs[0].Type, Lengths.Read(Name, inputs[1]));
        var size = inputs[0].Type.Size();
        for (var i = 0L; i < y.ElementCount; i++) inputs[0].RawBytes.CopyTo(y.RawBytes[(int)(i * size)..]);
        return [y];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.Sum(), null];
}

/// <summary>The first input's elements in a shape that is computed: the second input has its lengths, Int64 or Int32[rank], one of which may be −1.</summary>
/// <remarks>Gradient: dy in the shape of the first input.</remarks>
public sealed record DynamicReshape : DynamicOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return [new(inputs[0].Type, Lengths.Unknown(inputs, Mismatch))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var shape = new Reshape(Lengths.Read(Name, inputs[1], open: true)).Infer([inputs[0].TensorType])[0].Shape;
        return [inputs[0].Clone().Reshape(shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.ReshapeLike(node.Inputs[0]), null];
}

/// <summary>Shapes that are computed.</summary>
internal static class Lengths
{
    /// <summary>A shape of as many unknown lengths as the second input has elements.</summary>
    public static Shape Unknown(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch) =>
        inputs[1].Type is DType.Int32 or DType.Int64 && inputs[1].Shape.Rank == 1 && inputs[1].Shape.IsKnown
            ? Shape.Create([.. Enumerable.Repeat(Shape.Unknown, inputs[1].Shape[0])])
            : throw mismatch(inputs, "the second input, the lengths, is Int32 or Int64 of one dimension, whose length is known.");

    /// <summary>The shape that some lengths make.</summary>
    public static Shape Read(string operation, Tensor lengths, bool open = false)
    {
        long[] values = lengths.Type == DType.Int32 ? [.. lengths.ToArray<int>().Select(n => (long)n)] : lengths.ToArray<long>();
        foreach (var length in values)
            if (length < (open ? -1 : 0) || length > int.MaxValue) throw new DunlinException($"{operation}: {length} is no length of a dimension (of {string.Join(", ", values)}).");
        return Shape.Create([.. values.Select(n => (int)n)]);
    }
}

/// <summary>Tensors whose shapes are computed.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.DynamicRange"/>
    public static Value DynamicRange(Value start, Value limit, Value? step = null) => start.Graph.Add(new DynamicRange(), [start, limit, step ?? start.Number(1)]);

    /// <summary>A scalar repeated in a shape that is computed; see <see cref="DynamicFill"/>.</summary>
    /// <param name="scalar">What every element is.</param>
    /// <param name="lengths">The lengths of the dimensions: Int64 or Int32[rank].</param>
    public static Value Fill(this Value scalar, Value lengths) => scalar.Graph.Add(new DynamicFill(), [scalar, lengths]);

    /// <summary>The same elements in a shape that is computed; see <see cref="DynamicReshape"/>.</summary>
    /// <param name="x">Any tensor.</param>
    /// <param name="lengths">The lengths of the dimensions, Int64 or Int32[rank]; one may be −1: whatever is left.</param>
    public static Value Reshape(this Value x, Value lengths) => x.Graph.Add(new DynamicReshape(), [x, lengths]);
}
