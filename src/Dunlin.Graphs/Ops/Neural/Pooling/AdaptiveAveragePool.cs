using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The mean of each of some parts of almost equal size: x[N, C, S…] with 1 to 3 spatial dimensions gives y[N, C, Size…]. Part i of m of a dimension of
/// n elements goes from ⌊i · n / m⌋ to ⌈(i + 1) · n / m⌉ (exclusive). All floating-point types.
/// </summary>
/// <remarks>Gradient: <see cref="AdaptiveAveragePoolBackward"/>.</remarks>
/// <param name="Size">The spatial lengths of the output, at least 1.</param>
/// <exception cref="ShapeException">The size does not fit the input, or a dimension of it has no elements.</exception>
internal sealed record AdaptiveAveragePool(Shape Size) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [Check(inputs, Size, Mismatch)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => RegionMeanKernel.Create(context, context.Inputs[0].Shape, Size, spread: false);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new AdaptiveAveragePoolBackward(Size), [outputGradients[0]!, node.Inputs[0]])];

    internal static TensorType Check(IReadOnlyList<TensorType> inputs, Shape size, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank is < 3 or > 5 || size.Rank != x.Rank - 2 || size.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue))
            throw mismatch(inputs, $"takes floating-point x[N, C, S…] with 1 to 3 spatial dimensions and as many lengths, at least 1, in the size {size}.");
        return x.Dimensions[2..].Contains(0) ? throw mismatch(inputs, $"there is nothing to pool in {x[2..]}.") : new(type, x[..2].Append(size.Dimensions));
    }

    internal static IEnumerable<RegionAxis> Axes(Shape x, Shape size) => Enumerable.Range(0, size.Rank).Select(d => RegionAxis.Adaptive(x[d + 2], size[d]));
}

/// <summary>The gradient of <see cref="AdaptiveAveragePool"/>: each element of dy spread evenly over its part. Inputs: dy[N, C, Size…], and x for its shape only.</summary>
/// <remarks>Gradient: it is linear; <see cref="AdaptiveAveragePool"/>.</remarks>
public sealed record AdaptiveAveragePoolBackward(Shape Size) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var expected = AdaptiveAveragePool.Check([inputs[1]], Size, (_, problem) => Mismatch(inputs, problem));
        return expected.Type == inputs[0].Type && expected.Shape.Accepts(inputs[0].Shape) ? [inputs[1]] : throw Mismatch(inputs, $"dy is {expected}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new LeadingInputs(RegionMeanKernel.Create(context, context.Outputs[0].Shape, Size, spread: true), 1, 2, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new AdaptiveAveragePool(Size), [outputGradients[0]!]), null];
}

/// <summary>Makes <see cref="RegionMeanKernel{T}"/>.</summary>
internal static class RegionMeanKernel
{
    public static Kernel Create(PrepareContext context, Shape x, Shape size, bool spread)
    {
        var axes = RegionAxis.Three(AdaptiveAveragePool.Axes(x, size));
        var planes = x[..2].ElementCount;
        return WidenedKernel.Create([context.Inputs[0]], context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
            ? new RegionMeanKernel<double>(axes, planes, spread)
            : new RegionMeanKernel<float>(axes, planes, spread));
    }
}

/// <summary>The mean of each region of each plane, or the adjoint: each number spread evenly over its region.</summary>
internal sealed unsafe class RegionMeanKernel<T>(RegionAxis[] axes, long planes, bool spread)
    : ParallelKernel(planes * axes.Aggregate(1L, (n, a) => n * a.Counts.Sum())) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly long _elements = axes.Aggregate(1L, (n, a) => n * a.Length);
    private readonly long _positions = axes.Aggregate(1L, (n, a) => n * a.Positions);

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(planes, worker, workers);
        for (var plane = begin; plane < end; plane++)
        {
            var wide = Operand<T>(spread ? 1 : 0) + plane * _elements;
            var pooled = Operand<T>(spread ? 0 : 1) + plane * _positions;
            if (spread) NativeMemory.Clear(wide, (nuint)(_elements * sizeof(T)));
            for (var d = 0; d < axes[0].Positions; d++)
                for (var h = 0; h < axes[1].Positions; h++)
                    for (var w = 0; w < axes[2].Positions; w++, pooled++)
                        Region(wide, pooled, d, h, w);
        }
    }

    private void Region(T* wide, T* pooled, int d, int h, int w)
    {
        var (depths, heights, widths) = (axes[0].Counts[d], axes[1].Counts[h], axes[2].Counts[w]);
        var count = T.CreateChecked((long)depths * heights * widths);
        var share = spread ? *pooled / count : T.Zero;
        var total = T.Zero;
        for (var kd = 0; kd < depths; kd++)
            for (var kh = 0; kh < heights; kh++)
            {
                var line = wide + ((long)(axes[0].Starts[d] + kd) * axes[1].Length + axes[1].Starts[h] + kh) * axes[2].Length + axes[2].Starts[w];
                for (var kw = 0; kw < widths; kw++)
                    if (spread) line[kw] += share;
                    else total += line[kw];
            }
        if (!spread) *pooled = total / count;
    }
}
