using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Fractional maximum pooling (Graham, 2014): x[N, C, S…] with 1 to 3 spatial dimensions gives y[N, C, Size…], each element the maximum of a window whose
/// place is random, and the maxima's places as <see cref="MaxPoolWithIndices"/>. Inputs: x, and numbers u[N, C, D] in [0, 1) of its type, one for each plane
/// and spatial dimension. With α = (S − Window) / (Size − 1), window i begins at ⌊(i + u) · α⌋ − ⌊u · α⌋, the last at S − Window. All floating-point types.
/// </summary>
/// <remarks>Gradient: dy where the maxima are; none for u, on which the result depends in steps.</remarks>
/// <param name="Window">Lengths of the windows, at least 1 and at most S.</param>
/// <param name="Size">The spatial lengths of the output, at least 1, such that Size + Window − 1 ≤ S.</param>
/// <exception cref="ShapeException">The attributes or the numbers do not fit x.</exception>
internal sealed record FractionalMaxPool(Shape Window, Shape Size) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var y = AdaptiveAveragePool.Check(inputs, Size, Mismatch);
        var x = inputs[0].Shape;
        if (Window.Rank != Size.Rank || Window.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue)) throw Mismatch(inputs, $"the window {Window} has {Size.Rank} lengths, at least 1.");
        for (var d = 0; d < Size.Rank; d++)
            if (x[d + 2] != Shape.Unknown && Size[d] + Window[d] - 1 > x[d + 2]) throw Mismatch(inputs, $"{Size[d]} windows of {Window[d]} that each begin elsewhere do not fit into {x[d + 2]} elements of dimension {d + 2}.");
        return inputs[1].Type == inputs[0].Type && x[..2].Append(Size.Rank).Accepts(inputs[1].Shape)
            ? [y, y with { Type = DType.Int64 }]
            : throw Mismatch(inputs, $"the random numbers are {inputs[0].Type}{x[..2].Append(Size.Rank)}, one for each plane and spatial dimension.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (x, threads) = (context.Inputs[0].Shape, context.Threads.Size);
        return WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
            ? new FractionalKernel<double>(Axes(x), Window.Rank, x[..2].ElementCount, threads)
            : new FractionalKernel<float>(Axes(x), Window.Rank, x[..2].ElementCount, threads));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [Places.Return(node, outputGradients[0]!), null];

    private RegionAxis[] Axes(Shape x) => RegionAxis.Three(Enumerable.Range(0, Size.Rank).Select(d => RegionAxis.Window(x[d + 2], Size[d], Window[d], 0, 0, 1)));

    private sealed unsafe class FractionalKernel<T>(RegionAxis[] axes, int dimensions, long planes, int threads) : RegionMaxKernel<T>(axes, planes, 0, 2)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int[][][] _starts = [.. Enumerable.Range(0, threads).Select(_ => axes.Select(a => new int[a.Positions]).ToArray())];
        private readonly RegionAxis[] _axes = axes;

        protected override int[][] Starts(long plane, int worker)
        {
            for (var d = 0; d < dimensions; d++)
            {
                var axis = 3 - dimensions + d;
                Fill(_starts[worker][axis], Operand<T>(1)[plane * dimensions + d], _axes[axis].Length - _axes[axis].Counts[0]);
            }
            return _starts[worker];
        }

        private static void Fill(int[] starts, T u, int last)
        {
            var alpha = starts.Length > 1 ? T.CreateChecked(last) / T.CreateChecked(starts.Length - 1) : T.Zero;
            var origin = int.CreateTruncating(u * alpha);
            // Rounding, or a number outside [0, 1), must not lead outside the plane.
            for (var i = 0; i < starts.Length - 1; i++) starts[i] = Math.Clamp(int.CreateTruncating((T.CreateChecked(i) + u) * alpha) - origin, 0, last);
            starts[^1] = last;
        }
    }
}
