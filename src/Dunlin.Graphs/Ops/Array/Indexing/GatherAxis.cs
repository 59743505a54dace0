using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Slices along a dimension by their numbers: of x[a…, n, b…] and indices[m…] (Int32 or Int64), y[a…, m…, b…] = x[a…, indices[m…], b…].
/// A number outside 0 to n − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradient: <see cref="GatherAxisBackward"/>.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record GatherAxis(int Axis) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return [new(inputs[0].Type, Result(inputs, Axis, inputs[0].Shape, inputs[1], Mismatch))];
    }

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * outputs[0].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new GatherKernel(context.Inputs[0], context.Inputs[1], Axis);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, indices) = (inputs[0], inputs[1]);
        var axis = Axis < 0 ? Axis + node.Inputs[0].Shape.Rank : Axis;
        if (!indices.IsBatched) return [node.Graph.Add(new GatherAxis(axis + 1), [x.Value, indices.Value])];
        if (!x.IsBatched) return [Batching.First(node.Graph.Add(this, [x.Value, indices.Value]), axis)];
        // The slices of all examples side by side, in which each example's numbers are a range of their own.
        if (batching.Length < 0 || !node.Inputs[0].Shape.IsKnown) return null;
        return [Batching.First(node.Graph.Add(new GatherAxis(axis), [batching.Merged(x, axis), batching.Offset(indices.Value, node.Inputs[0].Shape[axis])]), axis)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new GatherAxisBackward(Axis), [outputGradients[0]!, node.Inputs[1], node.Inputs[0]]), null];

    /// <summary>The shape of the slices.</summary>
    internal static Shape Result(IReadOnlyList<TensorType> inputs, int axis, Shape x, TensorType indices, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        if (indices.Type is not (DType.Int32 or DType.Int64)) throw mismatch(inputs, "the second input, the numbers, is Int32 or Int64.");
        if (!Along.Fits(axis, x)) throw mismatch(inputs, $"there is no dimension {axis} among {x.Rank}.");
        if (axis < 0) axis += x.Rank;
        return x[..axis].Append(indices.Shape.Dimensions).Append(x.Dimensions[(axis + 1)..]);
    }

    private sealed unsafe class GatherKernel(TensorType x, TensorType indices, int axis)
        : ParallelKernel((long)Along.Sizes(axis, x.Shape).Outer * Along.Sizes(axis, x.Shape).Inner * indices.Shape.ElementCount)
    {
        private readonly RowNumbers _numbers = new("GatherAxis", "number", indices, x.Shape[axis]);
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(axis, x.Shape);
        private readonly long _bytes = (long)Along.Sizes(axis, x.Shape).Inner * x.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_sizes.Outer * _numbers.Count, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var from = i / _numbers.Count * _sizes.Length + _numbers.At(Buffers[1], i % _numbers.Count);
                Buffer.MemoryCopy(Operand<byte>(0) + from * _bytes, Operand<byte>(2) + i * _bytes, _bytes, _bytes);
            }
        }
    }
}

/// <summary>
/// The gradient of <see cref="GatherAxis"/>: zeros in the shape of the third input, to whose slices along a dimension those of the first
/// are added at the given numbers. Inputs: dy[a…, m…, b…], indices[m…], and x[a…, n, b…] for its shape only.
/// </summary>
/// <remarks>Gradient: <see cref="GatherAxis"/>.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record GatherAxisBackward(int Axis) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var slices = GatherAxis.Result(inputs, Axis, inputs[2].Shape, inputs[1], Mismatch);
        return inputs[0].Type.IsFloat() && slices.Accepts(inputs[0].Shape) ? [inputs[2] with { Type = inputs[0].Type }] : throw Mismatch(inputs, $"takes floating-point {slices}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(WidenedKernel.Create([.. context.Inputs.Take(2)], context.Outputs, (inputs, outputs) =>
        inputs[0].Type == DType.Float64 ? new AddKernel<double>(inputs[1], outputs[0], Axis) : new AddKernel<float>(inputs[1], outputs[0], Axis)), 2, 3, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (dy, indices, x) = (batching.Everywhere(inputs[0]), inputs[1], node.Inputs[2].Shape);
        var axis = Axis < 0 ? Axis + x.Rank : Axis;
        if (!indices.IsBatched) return [node.Graph.Add(new GatherAxisBackward(axis + 1), [dy, indices.Value, batching.Everywhere(inputs[2])])];
        if (batching.Length < 0 || !x.IsKnown) return null;
        var dx = node.Graph.Add(new GatherAxisBackward(axis), [Batching.Behind(dy, axis), batching.Offset(indices.Value, x[axis]), batching.Merged(inputs[2], axis)]);
        return [batching.Apart(dx, axis, x)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Gather(node.Inputs[1], Axis), null, null];

    /// <summary>Threads share what stands before the dimension, so that no two add to one place.</summary>
    private sealed unsafe class AddKernel<T>(TensorType indices, TensorType y, int axis) : ParallelKernel(y.Shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly RowNumbers _numbers = new("GatherAxisBackward", "number", indices, y.Shape[axis]);
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(axis, y.Shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var (begin, end) = ThreadTeam.Share(outer, worker, workers);
            NativeMemory.Clear(Operand<T>(2) + begin * length * inner, (nuint)((end - begin) * length * inner * sizeof(T)));
            for (var o = begin; o < end; o++)
                for (var i = 0L; i < _numbers.Count; i++)
                {
                    var target = new Span<T>(Operand<T>(2) + (o * length + _numbers.At(Buffers[1], i)) * inner, inner);
                    TensorPrimitives.Add(target, new ReadOnlySpan<T>(Operand<T>(0) + (o * _numbers.Count + i) * inner, inner), target);
                }
        }
    }
}

/// <summary>Slices by number.</summary>
public static partial class Operations
{
    /// <summary>Slices along a dimension by their numbers; along the first, rows. See <see cref="GatherAxis"/> and <see cref="Ops.Gather"/>.</summary>
    /// <param name="x">Any tensor.</param>
    /// <param name="indices">The numbers, of any shape, which comes in the place of the dimension.</param>
    /// <param name="axis">The dimension; a negative one counts from the last.</param>
    public static Value Gather(this Value x, Value indices, int axis) => axis == 0 ? x.Gather(indices) : x.Graph.Add(new GatherAxis(axis), [x, indices]);
}
