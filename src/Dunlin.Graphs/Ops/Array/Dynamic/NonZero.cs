namespace Dunlin.Graphs.Ops;

/// <summary>Where truth values hold: of x[d₁, …, dᵣ] (Bool, r ≥ 1) the index tuples [n, r] as Int64, in row-major order.</summary>
public sealed record NonZero : DynamicOperation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Places do not change smoothly.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type == DType.Bool && inputs[0].Shape.Rank > 0
            ? [new(DType.Int64, [Shape.Unknown, inputs[0].Shape.Rank])]
            : throw Mismatch(inputs, "takes Bool of at least one dimension.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var x = inputs[0].Span<bool>();
        var shape = inputs[0].Shape;
        var positions = Tensor.Uninitialized(DType.Int64, [x.Count(true), shape.Rank]);
        var y = positions.Span<long>();
        for (var (i, row) = (0, 0); i < x.Length; i++)
        {
            if (!x[i]) continue;
            long rest = i;
            for (var d = shape.Rank - 1; d >= 0; rest /= shape[d--]) y[row * shape.Rank + d] = rest % shape[d];
            row++;
        }
        return [positions];
    }
}

/// <summary>Places where something holds, and what stands there.</summary>
public static partial class Operations
{
    /// <summary>The index tuples [n, rank] of the elements that are true, or numbers other than 0; see <see cref="Ops.NonZero"/>.</summary>
    public static Value NonZero(this Value x) => x.Graph.Add(new NonZero(), [x.Type == DType.Bool ? x : x.NotEqualTo(x.Number(0))]);

    /// <summary>The index tuples [n, rank] of the elements for which a condition holds; see <see cref="Ops.NonZero"/>. With a choice of values: <see cref="Select(Value, Value, Value)"/>.</summary>
    public static Value Where(Value condition) => condition.NonZero();

    /// <summary>The cells x[i, …] for which mask[i, …] holds, in row-major order: of x[m…, d…] and mask[m…] (Bool), y[n, d…]. Gradient: dy in their places, zeros elsewhere.</summary>
    /// <exception cref="ShapeException">The mask is not Bool, or not in the shape of x's first dimensions.</exception>
    public static Value BooleanMask(this Value x, Value mask) => mask.Type == DType.Bool && mask.Shape.Rank >= 1 && mask.Shape.Rank <= x.Shape.Rank && x.Shape[..mask.Shape.Rank].Accepts(mask.Shape)
        ? x.GatherNd(mask.NonZero())
        : throw new ShapeException($"BooleanMask({x}, {mask}): the mask is Bool and has the shape of the first dimensions of what it masks.");

    /// <summary>The slices along a dimension for which a condition[n] holds. Gradient: dy in their places, zeros elsewhere.</summary>
    /// <exception cref="ShapeException">The condition is not Bool, or not of one dimension.</exception>
    public static Value Compress(this Value x, Value condition, int axis = 0) => condition.Type == DType.Bool && condition.Shape.Rank == 1
        ? x.Gather(condition.NonZero().Squeeze(-1), axis)
        : throw new ShapeException($"Compress({x}, {condition}): the condition is Bool of one dimension.");
}
