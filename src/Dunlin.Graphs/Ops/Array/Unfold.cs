using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Sliding windows along a dimension: of x[a…, n, b…], y[a…, w, s, b…] = x[a…, w · Step + s, b…], for the ⌊(n − Size) / Step⌋ + 1 windows that fit.</summary>
/// <remarks>Gradient: <see cref="Fold"/> of dy.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Size">Elements of a window, at least 1.</param>
/// <param name="Step">From one window to the next, at least 1.</param>
public sealed record Unfold(int Axis, int Size, int Step) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [new(inputs[0].Type, Result(inputs[0].Shape) ?? throw Mismatch(inputs, $"has no windows of {Size} in steps of {Step} along dimension {Axis}."))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new UnfoldKernel(context.Inputs[0], context.Outputs[0], this);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, [inputs[0].Value])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new Fold(this), [outputGradients[0]!, node.Inputs[0]])];

    /// <summary>The shape of the windows; null where the attributes do not fit.</summary>
    internal Shape? Result(Shape x)
    {
        if (!Along.Fits(Axis, x) || Size < 1 || Step < 1) return null;
        var axis = Axis < 0 ? Axis + x.Rank : Axis;
        return x[..axis].Append(Windows.Count(x[axis], Size, Step, 1, 0, 0), Size).Append(x.Dimensions[(axis + 1)..]);
    }

    private sealed unsafe class UnfoldKernel(TensorType x, TensorType y, Unfold unfold) : ParallelKernel(y.Shape.ElementCount)
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(unfold.Axis, x.Shape);
        private readonly int _windows = Windows.Count(Along.Sizes(unfold.Axis, x.Shape).Length, unfold.Size, unfold.Step, 1, 0, 0);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var slice = (long)inner * x.Type.Size();
            var (begin, end) = ThreadTeam.Share((long)outer * _windows, worker, workers);
            for (var i = begin; i < end; i++)
                Buffer.MemoryCopy(Operand<byte>(0) + (i / _windows * length + i % _windows * unfold.Step) * slice,
                    Operand<byte>(1) + i * unfold.Size * slice, unfold.Size * slice, unfold.Size * slice);
        }
    }
}

/// <summary>
/// The sum of sliding windows where they overlap, the adjoint of <see cref="Unfold"/>: x[a…, w · Step + s, b…] += y[a…, w, s, b…], zeros
/// where there is no window. Inputs: the windows, and a value for the shape of the result only.
/// </summary>
/// <remarks>Gradient: <see cref="Unfold"/> of dy.</remarks>
/// <param name="Windows">How the windows lie.</param>
public sealed record Fold(Unfold Windows) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type.IsFloat() && Windows.Result(inputs[1].Shape) is { } windows && windows.Accepts(inputs[0].Shape)
            ? [inputs[1] with { Type = inputs[0].Type }]
            : throw Mismatch(inputs, $"takes the floating-point windows of {Windows.Size} in steps of {Windows.Step} along dimension {Windows.Axis} of the second input's shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(WidenedKernel.Create([context.Inputs[0]], context.Outputs, (inputs, outputs) =>
        inputs[0].Type == DType.Float64 ? new FoldKernel<double>(inputs[0], outputs[0], Windows) : new FoldKernel<float>(inputs[0], outputs[0], Windows)), 1, 2, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new Fold(Windows with { Axis = Batching.Axis(Windows.Axis) }), batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(Windows, [outputGradients[0]!]), null];

    private sealed unsafe class FoldKernel<T>(TensorType y, TensorType x, Unfold unfold) : ParallelKernel(y.Shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(unfold.Axis, x.Shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var windows = Dunlin.Tensors.Kernels.Windows.Count(length, unfold.Size, unfold.Step, 1, 0, 0);
            var window = unfold.Size * inner;
            var (begin, end) = ThreadTeam.Share(outer, worker, workers);
            NativeMemory.Clear(Operand<T>(1) + begin * length * inner, (nuint)((end - begin) * length * inner * sizeof(T)));
            for (var i = begin * windows; i < end * windows; i++)
            {
                var target = new Span<T>(Operand<T>(1) + (i / windows * length + i % windows * unfold.Step) * inner, window);
                TensorPrimitives.Add(target, new ReadOnlySpan<T>(Operand<T>(0) + i * window, window), target);
            }
        }
    }
}

/// <summary>Sliding windows.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Unfold"/>
    public static Value Unfold(this Value x, int axis, int size, int step = 1) => x.Graph.Add(new Unfold(axis, size, step), [x]);

    /// <summary>The sum of sliding windows where they overlap; see <see cref="Ops.Fold"/>.</summary>
    /// <param name="windows">The windows: [a…, w, size, b…].</param>
    /// <param name="like">A value in the shape of the result, [a…, n, b…].</param>
    /// <param name="axis">The dimension of the windows.</param>
    /// <param name="step">From one window to the next.</param>
    public static Value Fold(this Value windows, Value like, int axis, int step = 1)
    {
        var d = Dimension(axis, like);
        return windows.Graph.Add(new Fold(new Unfold(d, d + 1 < windows.Shape.Rank ? windows.Shape[d + 1] : 0, step)), [windows, like]);
    }
}
