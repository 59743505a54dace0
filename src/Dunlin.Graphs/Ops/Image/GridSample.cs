using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>What is seen outside an image.</summary>
public enum Outside
{
    /// <summary>Zeros.</summary>
    Zeros,
    /// <summary>The nearest element of the border.</summary>
    Border,
    /// <summary>The image mirrored at its border, again and again.</summary>
    Reflection,
}

/// <summary>
/// Images read at given places (Jaderberg et al., 2015), as PyTorch's grid_sample: x[N, C, H, W] and grid[N, H', W', 2] of (column, row), both −1 to 1 over the image,
/// give y[N, C, H', W']. With a third input images[M] (Int32 or Int64), grid[M, H', W', 2] gives y[M, C, H', W'] of those images.
/// </summary>
/// <remarks>Gradients: for x and grid, by <see cref="GridSampleBackward"/>.</remarks>
/// <param name="Interpolation">
/// Nearest: the nearest element (half-way, the even one); then the grid has no gradient. Linear: bilinear, of four neighbours. Cubic: bicubic, of sixteen, each of which is
/// looked for outside the image by itself. Others are refused.
/// </param>
/// <param name="Outside">What is seen outside the image.</param>
/// <param name="AlignCorners">Whether −1 and 1 are the centres of the outermost elements instead of their outer edges.</param>
public sealed record GridSample(Interpolation Interpolation, Outside Outside, bool AlignCorners) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        if (inputs.Count is not (2 or 3)) throw Mismatch(inputs, $"takes x and grid, and possibly numbers of images; got {inputs.Count} inputs.");
        if (Interpolation is not (Interpolation.Nearest or Interpolation.Linear or Interpolation.Cubic)) throw Mismatch(inputs, $"interpolation is Nearest, Linear or Cubic, not {Interpolation}.");
        Check(inputs, inputs.Count == 3, Mismatch);
        var grid = inputs[1].Shape;
        return [new(inputs[0].Type, [grid[0], inputs[0].Shape[1], grid[1], grid[2]])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new SampleKernel<double>(this, inputs)
        : new SampleKernel<float>(this, inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        Joined(node, inputs, batching, numbers: 2);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        Value[] inputs = [node.Inputs[0], node.Inputs[1], outputGradients[0]!];
        var backward = node.Graph.AddNode(new GridSampleBackward(this), [.. inputs, .. node.Inputs.Skip(2)]).Outputs;
        Gradient? grid = Interpolation == Interpolation.Nearest ? null : backward[1];
        return node.Inputs.Count == 3 ? [backward[0], grid, null] : [backward[0], grid];
    }

    /// <summary>The images and grids of all examples as one batch, in which numbers of images are offset.</summary>
    internal static IReadOnlyList<Value>? Joined(Node node, IReadOnlyList<Batched> inputs, Batching batching, int numbers)
    {
        if (inputs.Count == numbers) return batching.Joined(node, inputs);
        var images = node.Inputs[0].Shape[0];
        return batching.Length < 0 || images < 0 ? null : batching.Joined(node, [.. inputs.Take(numbers), new(batching.Offset(batching.Everywhere(inputs[numbers]), images), true)]);
    }

    internal static void Check(IReadOnlyList<TensorType> inputs, bool chosen, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, x) = inputs[0];
        var grid = inputs[1].Shape;
        if (!type.IsFloat() || x.Rank != 4) throw mismatch(inputs, "takes floating-point images x[N, C, H, W].");
        if (x[2] == 0 || x[3] == 0) throw mismatch(inputs, "the images are empty.");
        if (inputs[1].Type != type || grid.Rank != 4 || grid[3] is not (2 or Shape.Unknown)) throw mismatch(inputs, $"the grid is {type}[N, H', W', 2].");
        if (!chosen && !x[..1].Accepts(grid[..1])) throw mismatch(inputs, "there is a grid for each image.");
        if (chosen && (inputs[^1].Type is not (DType.Int32 or DType.Int64) || !grid[..1].Accepts(inputs[^1].Shape))) throw mismatch(inputs, "there is a number of an image (Int32 or Int64) for each grid.");
    }

    private sealed unsafe class SampleKernel<T>(GridSample sample, IReadOnlyList<TensorType> inputs)
        : ParallelKernel(inputs[1].Shape.ElementCount * inputs[0].Shape[1] * (sample.Interpolation == Interpolation.Cubic ? 8 : 2)) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly Shape _x = inputs[0].Shape;
        private readonly Shape _grid = inputs[1].Shape;
        private readonly GridPlaces _places = new(sample, inputs[0].Shape);
        private readonly RowNumbers? _images = inputs.Count == 3 ? new("GridSample", "image", inputs[2], inputs[0].Shape[0]) : null;

        public override void Execute(int worker, int workers)
        {
            long plane = (long)_x[2] * _x[3], places = (long)_grid[1] * _grid[2];
            var channels = _x[1];
            var y = Operand<T>(_images is null ? 2 : 3);
            Span<long> at = stackalloc long[GridPlaces.MostCorners];
            Span<double> weights = stackalloc double[GridPlaces.MostCorners];
            var (begin, end) = ThreadTeam.Share(_grid[0] * places, worker, workers);
            for (var p = begin; p < end; p++)
            {
                var n = p / places;
                var place = _places.At(double.CreateTruncating(Operand<T>(1)[2 * p]), double.CreateTruncating(Operand<T>(1)[2 * p + 1]));
                _places.Read(place, at, weights);
                var x = Operand<T>(0) + (_images?.At(Buffers[2], n) ?? n) * channels * plane;
                for (var c = 0L; c < channels; c++)
                {
                    var sum = 0.0;
                    for (var corner = 0; corner < _places.Corners; corner++)
                        if (at[corner] >= 0) sum += weights[corner] * double.CreateTruncating(x[c * plane + at[corner]]);
                    y[(n * channels + c) * places + p % places] = T.CreateTruncating(sum);
                }
            }
        }
    }
}

/// <summary>
/// The gradients of <see cref="GridSample"/>. Inputs: x, grid, dy, and numbers of images if there were. Outputs: dx[N, C, H, W] and dgrid[…, H', W', 2] (0 for nearest elements).
/// </summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record GridSampleBackward(GridSample Forward) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        if (inputs.Count is not (3 or 4)) throw Mismatch(inputs, $"takes 3 or 4 inputs, got {inputs.Count}.");
        GridSample.Check(inputs, inputs.Count == 4, Mismatch);
        var dy = Forward.Infer([inputs[0], inputs[1], .. inputs.Skip(3)])[0];
        return inputs[2].Type == dy.Type && dy.Shape.Accepts(inputs[2].Shape) ? [inputs[0], inputs[1]] : throw Mismatch(inputs, $"dy is {dy}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new BackwardKernel<double>(Forward, inputs)
        : new BackwardKernel<float>(Forward, inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        GridSample.Joined(node, inputs, batching, numbers: 3);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
        {
            var y = GridPlaces.Sample(Forward, inputs[0], inputs[1], inputs.Count == 4 ? node.Inputs[3] : null);
            var gradients = Gradients.Of(y, inputs[2], [inputs[0], inputs[1]]);
            return [gradients[0]?.Dense(), gradients[1]?.Dense()];
        });

    /// <summary>Threads share the images. Where several grids may read one image, one thread does it all.</summary>
    private sealed unsafe class BackwardKernel<T>(GridSample sample, IReadOnlyList<TensorType> inputs)
        : ParallelKernel(inputs.Count == 4 ? 0 : inputs[1].Shape.ElementCount * inputs[0].Shape[1] * 4) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly Shape _x = inputs[0].Shape;
        private readonly Shape _grid = inputs[1].Shape;
        private readonly GridPlaces _places = new(sample, inputs[0].Shape);
        private readonly RowNumbers? _images = inputs.Count == 4 ? new("GridSample", "image", inputs[3], inputs[0].Shape[0]) : null;

        public override void Execute(int worker, int workers)
        {
            long plane = (long)_x[2] * _x[3], places = (long)_grid[1] * _grid[2];
            var channels = _x[1];
            T* x = Operand<T>(0), grid = Operand<T>(1), dy = Operand<T>(2), dx = Operand<T>(inputs.Count), dgrid = Operand<T>(inputs.Count + 1);
            var (first, end) = ThreadTeam.Share(_x[0], worker, workers);
            NativeMemory.Clear(dx + first * channels * plane, (nuint)((end - first) * channels * plane * sizeof(T)));
            if (_images is not null) (first, end) = (0, _grid[0]);
            for (var p = first * places; p < end * places; p++)
            {
                var n = p / places;
                var place = _places.At(double.CreateTruncating(grid[2 * p]), double.CreateTruncating(grid[2 * p + 1]));
                var image = (_images?.At(Buffers[3], n) ?? n) * channels * plane;
                var (across, down) = (0.0, 0.0);
                for (var corner = 0; corner < _places.Corners; corner++)
                {
                    if (_places.Index(place, corner) is var at && at < 0) continue;
                    var weight = T.CreateTruncating(_places.Weight(place, corner));
                    var dweight = 0.0;
                    for (var c = 0L; c < channels; c++)
                    {
                        var d = dy[(n * channels + c) * places + p % places];
                        dx[image + c * plane + at] += weight * d;
                        dweight += double.CreateTruncating(d) * double.CreateTruncating(x[image + c * plane + at]);
                    }
                    across += dweight * _places.WeightAcross(place, corner);
                    down += dweight * _places.WeightDown(place, corner);
                }
                dgrid[2 * p] = T.CreateTruncating(across);
                dgrid[2 * p + 1] = T.CreateTruncating(down);
            }
        }
    }
}
