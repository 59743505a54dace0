using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Elements along a dimension by their numbers: y[…, i, …] = x[…, indices[…, i, …], …], of x[…, n, …] and indices[…, k, …] (Int32 or
/// Int64) whose other lengths are equal. A number outside 0 to n − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradient: <see cref="PutAlong"/>.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record TakeAlong(int Axis = -1) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return LinePlaces.Problem(Axis, inputs[0].Shape, inputs[1]) is { } problem ? throw Mismatch(inputs, problem) : [new(inputs[0].Type, inputs[1].Shape)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new TakeKernel(context.Inputs[0], context.Inputs[1], Axis);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new PutAlong(Axis), [outputGradients[0]!, node.Inputs[1], node.Inputs[0]]), null];

    private sealed unsafe class TakeKernel(TensorType x, TensorType indices, int axis) : ParallelKernel(indices.Shape.ElementCount)
    {
        private readonly LinePlaces _places = new("TakeAlong", axis, x.Shape, indices);
        private readonly int _size = x.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_places.Count, worker, workers);
            for (var i = begin; i < end; i++)
                Buffer.MemoryCopy(Operand<byte>(0) + _places.At(Buffers[1], i) * _size, Operand<byte>(2) + i * _size, _size, _size);
        }
    }
}

/// <summary>
/// Zeros in the shape of the third input, to which along a dimension the first is added at the given numbers:
/// y[…, indices[…, i, …], …] += x[…, i, …]. Inputs: x[…, k, …], indices[…, k, …], and a value […, n, …] for its shape only.
/// </summary>
/// <remarks>Gradient: <see cref="TakeAlong"/>.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record PutAlong(int Axis = -1) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        if (LinePlaces.Problem(Axis, inputs[2].Shape, inputs[1]) is { } problem) throw Mismatch(inputs, problem);
        return inputs[0].Type.IsFloat() && inputs[0].Shape.Accepts(inputs[1].Shape)
            ? [inputs[2] with { Type = inputs[0].Type }]
            : throw Mismatch(inputs, "takes floating-point x and as many numbers.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(WidenedKernel.Create([.. context.Inputs.Take(2)], context.Outputs, (inputs, outputs) =>
        inputs[0].Type == DType.Float64 ? new PutKernel<double>(inputs[1], outputs[0], Axis) : new PutKernel<float>(inputs[1], outputs[0], Axis)), 2, 3, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.TakeAlong(node.Inputs[1], Axis), null, null];

    private sealed unsafe class PutKernel<T>(TensorType indices, TensorType y, int axis) : ParallelKernel(indices.Shape.ElementCount + y.Shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly LinePlaces _places = new("PutAlong", axis, y.Shape, indices);

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_places.Blocks, worker, workers);
            NativeMemory.Clear(Operand<T>(2) + begin * _places.TargetBlock, (nuint)((end - begin) * _places.TargetBlock * sizeof(T)));
            for (var i = begin * _places.Block; i < end * _places.Block; i++) Operand<T>(2)[_places.At(Buffers[1], i)] += Operand<T>(0)[i];
        }
    }
}

/// <summary>
/// x with other elements in some places along a dimension: y[…, indices[…, i, …], …] = values[…, i, …]; of several for one place the
/// last one stays. Inputs: x[…, n, …], indices[…, k, …] (Int32 or Int64), values[…, k, …] of x's type. A number outside 0 to n − 1 is
/// an error when it runs.
/// </summary>
/// <remarks>Gradients: dy outside those places for x; for the values that stayed, dy of their places.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record ReplaceAlong(int Axis = -1) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        if (LinePlaces.Problem(Axis, inputs[0].Shape, inputs[1]) is { } problem) throw Mismatch(inputs, problem);
        return inputs[0].Type == inputs[2].Type && inputs[1].Shape.Accepts(inputs[2].Shape) ? [inputs[0]] : throw Mismatch(inputs, "takes values of x's type, as many as numbers.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new ReplaceKernel(context.Inputs[0], context.Inputs[1], Axis);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, indices, values, dy) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], outputGradients[0]!);
        Value one = node.Graph.Constant(1, DType.Int64), zero = node.Graph.Constant(0, DType.Int64);
        var numbers = indices.FillLike(one).CumSum(Axis);
        var last = node.Graph.Add(this, [x.FillLike(zero), indices, numbers]);
        var stays = last.TakeAlong(indices, Axis).EqualTo(numbers);
        return [node.Graph.Add(this, [dy, indices, values.ZerosLike()]), null, Operations.Select(stays, dy.TakeAlong(indices, Axis), dy.Number(0))];
    }

    private sealed unsafe class ReplaceKernel(TensorType x, TensorType indices, int axis) : ParallelKernel(indices.Shape.ElementCount + x.Shape.ElementCount)
    {
        private readonly LinePlaces _places = new("ReplaceAlong", axis, x.Shape, indices);
        private readonly int _size = x.Type.Size();

        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_places.Blocks, worker, workers);
            var (first, bytes) = (begin * _places.TargetBlock * _size, (end - begin) * _places.TargetBlock * _size);
            if (Buffers[0] != Buffers[3]) Buffer.MemoryCopy(Operand<byte>(0) + first, Operand<byte>(3) + first, bytes, bytes);
            for (var i = begin * _places.Block; i < end * _places.Block; i++)
                Buffer.MemoryCopy(Operand<byte>(2) + i * _size, Operand<byte>(3) + _places.At(Buffers[1], i) * _size, _size, _size);
        }
    }
}

/// <summary>Where in a tensor the elements stand that some numbers name along a dimension.</summary>
internal sealed unsafe class LinePlaces(string operation, int axis, Shape shape, TensorType indices)
{
    private readonly RowNumbers _numbers = new(operation, "number", indices, shape[axis]);
    private readonly int _length = shape[axis];
    private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(axis, indices.Shape);

    public long Count => _numbers.Count;

    /// <summary>Parts before the dimension, which do not touch one another: threads may share them.</summary>
    public int Blocks => _sizes.Outer;

    /// <summary>Numbers of a part.</summary>
    public long Block => (long)_sizes.Length * _sizes.Inner;

    /// <summary>Elements of the tensor in a part.</summary>
    public long TargetBlock => (long)_length * _sizes.Inner;

    public long At(nint address, long position)
    {
        var (_, length, inner) = _sizes;
        return (position / ((long)length * inner) * _length + _numbers.At(address, position)) * inner + position % inner;
    }

    /// <summary>What is wrong with numbers along a dimension of a tensor; null where nothing is.</summary>
    public static string? Problem(int axis, Shape shape, TensorType indices) =>
        indices.Type is not (DType.Int32 or DType.Int64) ? "the second input, the numbers, is Int32 or Int64."
        : !Along.Fits(axis, shape) ? $"there is no dimension {axis} among {shape.Rank}."
        : indices.Shape.Rank != shape.Rank || !shape.With(axis, 0).Accepts(indices.Shape.With(axis, 0)) ? $"all lengths but dimension {axis}'s are equal."
        : null;
}

/// <summary>Elements by number.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.TakeAlong"/>
    /// <param name="x">Any tensor.</param>
    /// <param name="indices">The numbers.</param>
    /// <param name="axis">The dimension; a negative one counts from the last.</param>
    public static Value TakeAlong(this Value x, Value indices, int axis = -1) => x.Graph.Add(new TakeAlong(axis), [x, indices]);

    /// <inheritdoc cref="Ops.ReplaceAlong"/>
    /// <param name="x">Any tensor.</param>
    /// <param name="indices">The numbers.</param>
    /// <param name="values">What comes in those places.</param>
    /// <param name="axis">The dimension; a negative one counts from the last.</param>
    public static Value ReplaceAlong(this Value x, Value indices, Value values, int axis = -1) => x.Graph.Add(new ReplaceAlong(axis), [x, indices, values]);

    /// <summary>x with values added in some places along a dimension; a place that is named again adds again. See <see cref="Ops.PutAlong"/>.</summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="indices">The numbers of the places.</param>
    /// <param name="values">What is added.</param>
    /// <param name="axis">The dimension; a negative one counts from the last.</param>
    public static Value AddAlong(this Value x, Value indices, Value values, int axis = -1) => x + x.Graph.Add(new PutAlong(axis), [values, indices, x]);
}
