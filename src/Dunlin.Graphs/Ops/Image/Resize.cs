using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>How elements between elements are made.</summary>
public enum Interpolation
{
    /// <summary>The element at ⌊i · in / out⌋.</summary>
    Nearest,
    /// <summary>The element at ⌊(i + ½) · in / out⌋: whose square covers the new element's centre.</summary>
    NearestExact,
    /// <summary>Along a straight line between two neighbours; in two dimensions bilinear, in three trilinear.</summary>
    Linear,
    /// <summary>By cubic convolution of four neighbours with a = −0.75 (Keys, 1981); may leave the range of the elements.</summary>
    Cubic,
    /// <summary>The mean of the elements that a new one touches: adaptive average pooling.</summary>
    Area,
}

/// <summary>
/// Images, or anything of 1 to 3 spatial dimensions, in another size: x[N, C, S…] gives y[N, C, size…], along each dimension a weighted sum of neighbours, as
/// PyTorch's interpolate computes it for a given size. Nothing is blurred before making something smaller; take <see cref="Interpolation.Area"/> for that.
/// </summary>
/// <remarks>Gradient: <see cref="ResizeBackward"/>, the transposed sum.</remarks>
/// <param name="Size">The new lengths, each at least 1.</param>
/// <param name="Interpolation">How elements are made.</param>
/// <param name="AlignCorners">
/// For linear and cubic interpolation: whether the outermost elements' centres fall on each other, position i · (in − 1) / (out − 1), instead of their outer
/// edges, position (i + ½) · in / out − ½.
/// </param>
public sealed record Resize(Shape Size, Interpolation Interpolation, bool AlignCorners) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank is < 3 or > 5 || Size.Rank != x.Rank - 2) throw Mismatch(inputs, $"takes floating-point x[N, C, S…] with 1 to 3 spatial dimensions, as many as the size {Size} has; Cast images of bytes first.");
        if (AlignCorners && Interpolation is not (Interpolation.Linear or Interpolation.Cubic)) throw Mismatch(inputs, $"corners are aligned in linear and cubic interpolation, not in {Interpolation}.");
        foreach (var length in Size.Dimensions)
            if (length < 1) throw Mismatch(inputs, $"the size {Size} has lengths of at least 1.");
        if (x.Dimensions[2..].Contains(0)) throw Mismatch(inputs, "there is nothing to resize.");
        return [new(type, x[..2].Append(Size.Dimensions))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => TapsKernel.Make(inputs[0].Type, inputs[0].Shape, Taps(inputs[0].Shape)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new ResizeBackward(this), [outputGradients[0]!, node.Inputs[0]])];

    internal ResizeTaps[] Taps(Shape input) => [.. Enumerable.Range(0, Size.Rank).Select(d => ResizeTaps.Of(Interpolation, AlignCorners, input[d + 2], Size[d]))];
}

/// <summary>The gradient of <see cref="Resize"/>: each element of dy goes back to those that it was made of. Inputs: dy, and x for its shape only.</summary>
/// <remarks>Gradient: <see cref="Resize"/> of dy's.</remarks>
public sealed record ResizeBackward(Resize Forward) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var dy = Forward.Infer([inputs[1] with { Type = inputs[0].Type }])[0];
        return dy.Shape.Accepts(inputs[0].Shape) ? [inputs[1] with { Type = inputs[0].Type }] : throw Mismatch(inputs, $"dy is {dy}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        ResizeTaps[] taps = [.. Forward.Taps(context.Outputs[0].Shape).Select(t => t.Transposed())];
        return new LeadingInputs(WidenedKernel.Create([context.Inputs[0]], context.Outputs, (inputs, _) => TapsKernel.Make(inputs[0].Type, inputs[0].Shape, taps)), 1, 2, 1);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(Forward, [outputGradients[0]!]), null];
}

/// <summary>Weighted sums of neighbours along each spatial dimension of x[N, C, S…], one dimension after another.</summary>
internal static class TapsKernel
{
    public static Kernel Make(DType type, Shape x, ResizeTaps[] taps) => type == DType.Float64 ? Create<double>(x, taps) : Create<float>(x, taps);

    private static Kernel Create<T>(Shape x, ResizeTaps[] taps) where T : unmanaged, INumber<T>
    {
        var passes = new List<Pass<T>>();
        var shape = x;
        for (var d = 0; d < taps.Length; d++)
        {
            if (taps[d].IsIdentity) continue;
            var (outer, _, inner) = Along.Sizes(d + 2, shape);
            passes.Add(new(taps[d], outer, inner));
            shape = shape.With(d + 2, taps[d].OutputLength);
        }
        if (passes.Count == 0) passes.Add(new(ResizeTaps.Of(Interpolation.Nearest, false, x[2], x[2]), (int)x[..2].ElementCount, (int)x[3..].ElementCount));
        var between = passes.SkipLast(1).Select(p => p.OutputCount).DefaultIfEmpty(0).Max();
        return new Passes<T>([.. passes], between) { ScratchBytes = (passes.Count > 2 ? 2 : 1) * between * Marshal.SizeOf<T>() };
    }

    private sealed unsafe class Passes<T>(Pass<T>[] passes, long between) : Kernel where T : unmanaged
    {
        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var pair = stackalloc nint[2];
            pair[0] = buffers[0];
            for (var i = 0; i < passes.Length; i++)
            {
                pair[1] = i == passes.Length - 1 ? buffers[1] : (nint)((T*)buffers[2] + i % 2 * between);
                passes[i].Run(pair, threads);
                pair[0] = pair[1];
            }
        }
    }

    /// <summary>One dimension: rows of the dimensions behind it are added with their weights, or single elements where it is the last.</summary>
    private sealed unsafe class Pass<T>(ResizeTaps taps, int outer, int inner) : ParallelKernel((long)outer * inner * taps.From.Length)
        where T : unmanaged
    {
        private readonly bool _wide = typeof(T) == typeof(double);
        private readonly float[] _weights = [.. taps.Weights.Select(w => (float)w)];

        public long OutputCount => (long)outer * taps.OutputLength * inner;

        public override void Execute(int worker, int workers)
        {
            if (_wide) Execute(taps.Weights, worker, workers);
            else Execute(_weights, worker, workers);
        }

        private void Execute<TNumber>(TNumber[] weights, int worker, int workers) where TNumber : unmanaged, INumber<TNumber>
        {
            var (begin, end) = ThreadTeam.Share((long)outer * taps.OutputLength, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var (block, i) = (row / taps.OutputLength, (int)(row % taps.OutputLength));
                var x = Operand<TNumber>(0) + block * taps.InputLength * inner;
                var y = new Span<TNumber>(Operand<TNumber>(1) + row * inner, inner);
                if (inner == 1)
                {
                    var sum = TNumber.Zero;
                    for (var t = taps.Starts[i]; t < taps.Starts[i + 1]; t++) sum += x[taps.From[t]] * weights[t];
                    y[0] = sum;
                    continue;
                }
                y.Clear();
                for (var t = taps.Starts[i]; t < taps.Starts[i + 1]; t++)
                    TensorPrimitives.MultiplyAdd(new ReadOnlySpan<TNumber>(x + (long)taps.From[t] * inner, inner), weights[t], y, y);
            }
        }
    }
}

/// <summary>Sizes of images.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Resize"/>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="size">The new lengths of the spatial dimensions.</param>
    /// <param name="interpolation">How elements are made.</param>
    /// <param name="alignCorners">Whether the outermost elements' centres fall on each other.</param>
    public static Value Resize(this Value x, Shape size, Interpolation interpolation = Interpolation.Linear, bool alignCorners = false) =>
        x.Graph.Add(new Resize(size, interpolation, alignCorners), [x]);
}
