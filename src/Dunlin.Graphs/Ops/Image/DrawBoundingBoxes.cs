using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Frames of boxes on images, one element wide, as TensorFlow's draw_bounding_boxes: x[N, C, H, W], boxes[N, B, 4] of (top, left, bottom, right) from 0 to 1 over
/// the centres of the outermost elements, and colors[K, C] give y[N, C, H, W]. Box b has colour b modulo K and lies over those before it. Sides outside the image are not seen;
/// a box with top below bottom or left right of right, or with a NaN, is left out. All of one floating-point type.
/// </summary>
/// <remarks>Gradients: dy off the frames for x, the sums of dy on each colour's frames for the colours; none for boxes, on which the result depends in steps.</remarks>
public sealed record DrawBoundingBoxes : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank != 4) throw Mismatch(inputs, "takes floating-point images x[N, C, H, W].");
        if (inputs[1].Type != type || !Shape.Of(x[0], Shape.Unknown, 4).Accepts(inputs[1].Shape)) throw Mismatch(inputs, $"boxes are {type}[N, B, 4].");
        if (inputs[2].Type != type || !Shape.Of(Shape.Unknown, x[1]).Accepts(inputs[2].Shape)) throw Mismatch(inputs, $"colours are {type}[K, C].");
        return inputs[2].Shape[0] != 0 ? [inputs[0]] : throw Mismatch(inputs, "takes at least one colour.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new DrawKernel<double>(inputs)
        : new DrawKernel<float>(inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => batching.Joined(node, inputs, shared: 2);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, boxes, colors, dy) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], outputGradients[0]!);
        // With black frames it is the projection that the images go through.
        var dx = node.Graph.Add(this, [dy, boxes, colors.ZerosLike()]);
        if (colors.Shape[0] is var count && count == Shape.Unknown)
            return [dx, null, colors.Underivable("DrawBoundingBoxes can be differentiated by its colours only where their number is known.")];
        // Which frame is seen where: a channel for each colour, drawn in that channel alone.
        var empty = x.StridedSlice(Slicing.All, 0..1).ZerosLike().Tile(1, count, 1, 1);
        var seen = node.Graph.Add(this, [empty, boxes, node.Graph.Eye(count, type: x.Type)]);
        var parts = seen.Flatten(2).MatMul(dy.Flatten(2), transposeB: true);
        return [dx, null, parts.Sum([0])];
    }

    private sealed unsafe class DrawKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(inputs[0].Shape.ElementCount) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _channels = inputs[0].Shape[1], _height = inputs[0].Shape[2], _width = inputs[0].Shape[3];
        private readonly int _boxes = inputs[1].Shape[1], _colors = inputs[2].Shape[0];

        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Execute(int worker, int workers)
        {
            var elements = (long)_channels * _height * _width;
            var (begin, end) = ThreadTeam.Share(inputs[0].Shape[0], worker, workers);
            for (var n = begin; n < end; n++)
            {
                var y = Operand<T>(3) + n * elements;
                if (y != Operand<T>(0) + n * elements) Buffer.MemoryCopy(Operand<T>(0) + n * elements, y, elements * sizeof(T), elements * sizeof(T));
                for (var b = 0; b < _boxes; b++) Draw(y, Operand<T>(1) + 4 * (n * _boxes + b), Operand<T>(2) + (long)(b % _colors) * _channels);
            }
        }

        private void Draw(T* y, T* box, T* color)
        {
            if (T.IsNaN(box[0]) || T.IsNaN(box[1]) || T.IsNaN(box[2]) || T.IsNaN(box[3])) return;
            var (top, left, bottom, right) = (Place(box[0], _height), Place(box[1], _width), Place(box[2], _height), Place(box[3], _width));
            if (top > bottom || left > right || top >= _height || bottom < 0 || left >= _width || right < 0) return;
            var (firstRow, lastRow) = ((int)Math.Max(top, 0), (int)Math.Min(bottom, _height - 1));
            var (firstColumn, lastColumn) = ((int)Math.Max(left, 0), (int)Math.Min(right, _width - 1));
            for (var c = 0; c < _channels; c++, y += (long)_height * _width)
            {
                if (top >= 0) new Span<T>(y + top * _width + firstColumn, lastColumn - firstColumn + 1).Fill(color[c]);
                if (bottom < _height) new Span<T>(y + bottom * _width + firstColumn, lastColumn - firstColumn + 1).Fill(color[c]);
                for (var row = firstRow; row <= lastRow; row++)
                {
                    if (left >= 0) y[(long)row * _width + left] = color[c];
                    if (right < _width) y[(long)row * _width + right] = color[c];
                }
            }
        }

        /// <summary>The element at a share of the way, towards 0; far outside is outside, whatever the number.</summary>
        private static long Place(T share, int length) => (long)Math.Clamp(double.CreateTruncating(share) * (length - 1), -2e9, 2e9);
    }
}

/// <summary>Frames of boxes.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.DrawBoundingBoxes"/>
    /// <param name="x">x[N, C, H, W].</param>
    /// <param name="boxes">[N, B, 4] of (top, left, bottom, right).</param>
    /// <param name="colors">[K, C].</param>
    public static Value DrawBoundingBoxes(this Value x, Value boxes, Value colors) => x.Graph.Add(new DrawBoundingBoxes(), [x, boxes, colors]);
}
