using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>What a reduction makes of the elements along the reduced dimensions.</summary>
public enum Reducer
{
    /// <summary>Their sum.</summary>
    Sum,
    /// <summary>Their mean.</summary>
    Mean,
    /// <summary>The largest; NaN if any is.</summary>
    Max,
    /// <summary>The smallest; NaN if any is.</summary>
    Min,
    /// <summary>Their product.</summary>
    Product,
}

/// <summary>Combines all elements along some dimensions. Of no elements, the sum is 0, the product 1, the mean NaN, the extremes ∓∞.</summary>
/// <param name="Reducer">How.</param>
/// <param name="Axes">The dimensions, counted from 0, ascending; null for all.</param>
/// <param name="KeepDimensions">Whether the reduced dimensions stay, with length 1.</param>
/// <remarks>
/// Gradients: sum dy; mean dy / n; max and min dy where x is the extreme, shared equally among equals; product dy times the product of the other elements,
/// also where some are 0.
/// </remarks>
public sealed record Reduce(Reducer Reducer, Axes? Axes, bool KeepDimensions) : Operation
{
    /// <inheritdoc/>
    public override string Name => $"Reduce{Reducer}";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, shape) = inputs[0];
        if (type == DType.Bool || (type == DType.UInt8 && Reducer is not (Reducer.Max or Reducer.Min)) || (Reducer == Reducer.Mean && !type.IsFloat())) throw Mismatch(inputs, $"is not defined for {type}; Cast first.");
        var axes = ResolvedAxes(shape.Rank, inputs);
        var lengths = new List<int>();
        for (var d = 0; d < shape.Rank; d++)
        {
            if (!axes.Contains(d)) lengths.Add(shape[d]);
            else if (KeepDimensions) lengths.Add(1);
        }
        return [new(type, Shape.Create([.. lengths]))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        ReduceKernel.Create(Reducer, context.Inputs[0], context.Outputs[0], ResolvedAxes(context.Inputs[0].Shape.Rank, context.Inputs), context.Threads);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var x = node.Inputs[0];
        Value Spread(Value v) => v.Graph.Add(new SpreadLike(Axes, KeepDimensions), [v, x]);
        var dy = outputGradients[0]!;
        var y = node.Outputs[0];
        switch (Reducer)
        {
            case Reducer.Sum: return [Spread(dy)];
            case Reducer.Mean: return [Spread(dy) / Count(x, y)];
            case Reducer.Product: return ProductGradient(node, outputGradients, Spread(dy));
            default:
                var wins = x.EqualTo(Spread(y)).Cast(x.Type);
                return [wins * Spread(dy / wins.Graph.Add(new Reduce(Reducer.Sum, Axes, KeepDimensions), [wins]))];
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        Reducer is Reducer.Sum or Reducer.Mean ? Tangents.Linear(node, inputTangents, 0) : base.PushForward(node, inputTangents);

    /// <summary>Along one dimension, the products of the elements before and after each; along several, one after the other.</summary>
    private IReadOnlyList<Gradient?> ProductGradient(Node node, IReadOnlyList<Value?> outputGradients, Value dy)
    {
        var x = node.Inputs[0];
        var axes = ResolvedAxes(x.Shape.Rank, [x.TensorType]);
        return axes.Length switch
        {
            0 => [dy],
            1 => [dy * x.CumProd(axes[0], exclusive: true) * x.CumProd(axes[0], exclusive: true, backward: true)],
            // From the last dimension on, so that the numbers of the others stay as they are.
            _ => Composition.Differentiate(node, outputGradients, v => [axes.OrderDescending().Aggregate(v[0], (y, a) => y.Product([a], KeepDimensions))]),
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axes = Each(Axes, node.Inputs[0].Shape.Rank) }, [inputs[0].Value])];

    /// <summary>The dimensions of an example among those of many.</summary>
    internal static Axes Each(Axes? axes, int rank) => axes is null ? new([.. Enumerable.Range(1, rank)]) : Batching.Axis(axes);

    /// <summary>How many elements of x each element of y stands for.</summary>
    private static Value Count(Value x, Value y) => x.Graph.Add(new CountRatio(x.Type), [x, y]);

    private int[] ResolvedAxes(int rank, IReadOnlyList<TensorType> inputs)
    {
        int[] axes = Axes is null ? [.. Enumerable.Range(0, rank)] : [.. Axes.Values.Select(a => a < 0 ? a + rank : a)];
        return axes.All(a => a >= 0 && a < rank) ? axes : throw Mismatch(inputs, $"there is no dimension {Axes} among {rank}.");
    }
}

/// <summary>Repeats a reduced tensor (first input) along the reduced dimensions, in the shape of the second.</summary>
/// <remarks>Gradient: the sum of dy over the same dimensions.</remarks>
public sealed record SpreadLike(Axes? Axes, bool KeepDimensions) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return [new(inputs[0].Type, inputs[1].Shape)];
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) =>
        inputs[0].Shape.ElementCount == output.Shape.ElementCount ? new MemoryView(0) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var target = context.Outputs[0].Shape;
        var kept = target.Dimensions.ToArray();
        var axes = Axes is null ? [.. Enumerable.Range(0, target.Rank)] : Axes.Values.Select(a => a < 0 ? a + target.Rank : a);
        foreach (var axis in axes) kept[axis] = 1;
        return BroadcastTo.Kernel(context.Inputs[0] with { Shape = Shape.Create(kept) }, context.Outputs[0]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axes = Reduce.Each(Axes, node.Inputs[1].Shape.Rank) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Graph.Add(new Reduce(Reducer.Sum, Axes, KeepDimensions), [outputGradients[0]!]), null];
}

/// <summary>The number of elements of the first input for each element of the second, as a scalar.</summary>
public sealed record CountRatio(DType Type) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on shapes only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return [new(Type, Shape.Scalar)];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only a shape is read, which is the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new ConstantKernel(Scalars.Make((double)context.Inputs[0].Shape.ElementCount / Math.Max(1, context.Inputs[1].Shape.ElementCount), Type), inputs: 2);
}

/// <summary>The dimensions that an operation works along. Compared by value.</summary>
public sealed record Axes(params int[] Values)
{
    /// <inheritdoc/>
    public bool Equals(Axes? other) => other is not null && Values.AsSpan().SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => Values.Aggregate(17, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => "{" + string.Join(", ", Values) + "}";

    /// <summary>Null stays null: all dimensions.</summary>
    public static Axes? From(int[]? values) => values is null or [] ? null : new Axes(values);
}

/// <summary>Reductions; without axes, over all elements. A negative axis counts from the last dimension.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Reducer.Sum"/>
    public static Value Sum(this Value x, int[]? axes = null, bool keepDimensions = false) => Reduced(x, Reducer.Sum, axes, keepDimensions);

    /// <inheritdoc cref="Reducer.Mean"/>
    public static Value Mean(this Value x, int[]? axes = null, bool keepDimensions = false) => Reduced(x, Reducer.Mean, axes, keepDimensions);

    /// <inheritdoc cref="Reducer.Max"/>
    public static Value Max(this Value x, int[]? axes = null, bool keepDimensions = false) => Reduced(x, Reducer.Max, axes, keepDimensions);

    /// <inheritdoc cref="Reducer.Min"/>
    public static Value Min(this Value x, int[]? axes = null, bool keepDimensions = false) => Reduced(x, Reducer.Min, axes, keepDimensions);

    /// <inheritdoc cref="Reducer.Product"/>
    public static Value Product(this Value x, int[]? axes = null, bool keepDimensions = false) => Reduced(x, Reducer.Product, axes, keepDimensions);

    /// <summary>Sums and products of UInt8 and Bool are of Int64, where they fit.</summary>
    private static Value Reduced(Value x, Reducer reducer, int[]? axes, bool keep) => x.Type is (DType.UInt8 or DType.Bool) && reducer is (Reducer.Sum or Reducer.Product)
        ? Reduced(x.Cast(DType.Int64), reducer, axes, keep)
        : x.Graph.Add(new Reduce(reducer, Axes.From(axes), keep), [x]);
}
