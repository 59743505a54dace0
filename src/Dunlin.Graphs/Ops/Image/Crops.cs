using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;
using System.Runtime.InteropServices;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// A part of each image at a random place: x[N, C, H, W] gives y[N, C, Height, Width]. Inputs: x and a counter, an Int64 scalar such as the step's number. Where the
/// part of image n lies depends on (seed, stream, counter, n) alone, and every place is as likely.
/// </summary>
/// <remarks>Gradient: dy at the part's place, by <see cref="RandomCropBackward"/>; none for the counter.</remarks>
/// <param name="Height">The part's height, 1 to H.</param>
/// <param name="Width">The part's width, 1 to W.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record RandomCrop(int Height, int Width, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        RandomFill.CheckCounter(inputs, 1, Mismatch);
        var (type, x) = inputs[0];
        if (x.Rank != 4) throw Mismatch(inputs, "takes images x[N, C, H, W].");
        if (Height < 1 || Width < 1 || (x[2] != Shape.Unknown && Height > x[2]) || (x[3] != Shape.Unknown && Width > x[3]))
            throw Mismatch(inputs, $"a part of {Height} × {Width} does not lie within images of {x[2]} × {x[3]}.");
        return [new(type, x[..2].Append(Height, Width))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new CropKernel(this, context.Inputs[0], back: false);

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Where a part lies depends on its image's number within the batch, which joining examples would change.";

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new RandomCropBackward(this), [outputGradients[0]!, node.Inputs[1], node.Inputs[0]]), null];

    /// <summary>Copies rows from the whole image to its part, or back.</summary>
    internal sealed unsafe class CropKernel(RandomCrop crop, TensorType whole, bool back) : ParallelKernel(whole.Shape.ElementCount)
    {
        private readonly PhiloxKey _key = new(crop.Seed, crop.Stream);
        private readonly int _size = whole.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (channels, height, width) = (whole.Shape[1], whole.Shape[2], whole.Shape[3]);
            var key = _key.At(*Operand<long>(1));
            var row = (long)crop.Width * _size;
            var (begin, end) = ThreadTeam.Share(whole.Shape[0], worker, workers);
            for (var n = begin; n < end; n++)
            {
                var top = (long)Philox.Below((ulong)(height - crop.Height + 1), key, 2 * (ulong)n);
                var left = (long)Philox.Below((ulong)(width - crop.Width + 1), key, 2 * (ulong)n + 1);
                if (back) NativeMemory.Clear(Operand<byte>(2) + n * channels * height * width * _size, (nuint)((long)channels * height * width * _size));
                for (var c = 0L; c < channels; c++)
                    for (var i = 0L; i < crop.Height; i++)
                    {
                        var image = Operand<byte>(back ? 2 : 0) + (((n * channels + c) * height + top + i) * width + left) * _size;
                        var part = Operand<byte>(back ? 0 : 2) + ((n * channels + c) * crop.Height + i) * row;
                        Buffer.MemoryCopy(back ? part : image, back ? image : part, row, row);
                    }
            }
        }
    }
}

/// <summary>The gradient of <see cref="RandomCrop"/>: zeros, and dy where the part was. Inputs: dy, the counter, and x for its shape only.</summary>
/// <remarks>Gradient: <see cref="RandomCrop"/> of dy's at the same places.</remarks>
public sealed record RandomCropBackward(RandomCrop Forward) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var dy = Forward.Infer([inputs[2] with { Type = inputs[0].Type }, inputs[1]])[0];
        return dy.Shape.Accepts(inputs[0].Shape) ? [inputs[2] with { Type = inputs[0].Type }] : throw Mismatch(inputs, $"dy is {dy}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(new RandomCrop.CropKernel(Forward, context.Outputs[0], back: true), 2, 3, 1);

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Where a part lies depends on its image's number within the batch, which joining examples would change.";

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(Forward, [outputGradients[0]!, node.Inputs[1]]), null, null];
}

/// <summary>Parts and mirror images of images x[N, C, H, W].</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.RandomCrop"/>
    public static Value RandomCrop(this Value x, Value counter, int height, int width, ulong seed, uint stream) => x.Graph.Add(new RandomCrop(height, width, seed, stream), [x, counter]);

    /// <summary>The middle of each image; where an odd row or column is left over, it is cut off below or to the right.</summary>
    /// <exception cref="ShapeException">The sizes are unknown, or the part does not lie within them.</exception>
    public static Value CenterCrop(this Value x, int height, int width)
    {
        if (x.Shape.Rank != 4 || x.Shape[2] == Shape.Unknown || x.Shape[3] == Shape.Unknown || height < 1 || width < 1 || height > x.Shape[2] || width > x.Shape[3])
            throw new ShapeException($"CenterCrop({x.TensorType}): a part of {height} × {width} lies within images x[N, C, H, W] of known size.");
        return x.Slice([0, 0, (x.Shape[2] - height) / 2, (x.Shape[3] - width) / 2], [-1, -1, height, width]);
    }

    /// <summary>Left and right exchanged.</summary>
    public static Value FlipHorizontal(this Value x) => x.Reverse(-1);

    /// <summary>Top and bottom exchanged.</summary>
    public static Value FlipVertical(this Value x) => x.Reverse(-2);

    /// <summary>Left and right exchanged in each image with a probability; which images depends on (seed, stream, counter) alone.</summary>
    public static Value RandomFlip(this Value x, Value counter, ulong seed, uint stream, double probability = 0.5)
    {
        if (x.Shape.Rank != 4) throw new ShapeException($"RandomFlip takes images x[N, C, H, W], not {x}.");
        // One number an image: only the shape of the sums is read.
        var uniform = x.Cast(DType.Float32).Sum([1, 2, 3], keepDimensions: true).RandomUniformLike(counter, seed, stream);
        return Select(uniform < probability, x.FlipHorizontal(), x);
    }
}
