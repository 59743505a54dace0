using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Elements of the last dimension by their numbers: y[…, i] = x[…, indices[…, i]], of x[…, n] and indices[…, k] (Int32 or Int64).
/// A number outside 0 to n − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradient: <see cref="PutAlong"/>.</remarks>
public sealed record TakeAlong : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, indices) = (inputs[0].Shape, inputs[1].Shape);
        if (inputs[1].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "the second input, the numbers, is Int32 or Int64.");
        return x.Rank > 0 && x.Rank == indices.Rank && x[..^1].Accepts(indices[..^1]) ? [new(inputs[0].Type, indices)] : throw Mismatch(inputs, "all lengths but the last are equal.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new TakeKernel(context.Inputs[0], context.Inputs[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new PutAlong(), [outputGradients[0]!, node.Inputs[1], node.Inputs[0]]), null];

    private sealed unsafe class TakeKernel(TensorType x, TensorType indices) : ParallelKernel(indices.Shape.ElementCount)
    {
        private readonly RowNumbers _numbers = new("TakeAlong", "number", indices, x.Shape[^1]);
        private readonly int _size = x.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_numbers.Count, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var from = Operand<byte>(0) + (i / indices.Shape[^1] * x.Shape[^1] + _numbers.At(Buffers[1], i)) * _size;
                Buffer.MemoryCopy(from, Operand<byte>(2) + i * _size, _size, _size);
            }
        }
    }
}

/// <summary>
/// Zeros in the shape of the third input, to whose last dimension the first is added at the given numbers: y[…, indices[…, i]] += x[…, i].
/// Inputs: x[…, k], indices[…, k], and a value […, n] for its shape only.
/// </summary>
/// <remarks>Gradient: <see cref="TakeAlong"/>.</remarks>
public sealed record PutAlong : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        return inputs[0].Type.IsFloat() && inputs[0].Shape.Accepts(inputs[1].Shape)
            ? [inputs[2] with { Type = inputs[0].Type }]
            : throw Mismatch(inputs, "takes floating-point x and as many numbers.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(WidenedKernel.Create([.. context.Inputs.Take(2)], context.Outputs, (inputs, outputs) =>
        inputs[0].Type == DType.Float64 ? new PutKernel<double>(inputs[1], outputs[0]) : new PutKernel<float>(inputs[1], outputs[0])), 2, 3, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.TakeAlong(node.Inputs[1]), null, null];

    private sealed unsafe class PutKernel<T>(TensorType indices, TensorType y) : Kernel where T : unmanaged, INumber<T>
    {
        private readonly RowNumbers _numbers = new("PutAlong", "number", indices, y.Shape[^1]);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            NativeMemory.Clear((void*)buffers[2], (nuint)y.Bytes);
            for (var i = 0L; i < _numbers.Count; i++)
                ((T*)buffers[2])[i / indices.Shape[^1] * y.Shape[^1] + _numbers.At(buffers[1], i)] += ((T*)buffers[0])[i];
        }
    }
}

/// <summary>Elements by number.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.TakeAlong"/>
    public static Value TakeAlong(this Value x, Value indices) => x.Graph.Add(new TakeAlong(), [x, indices]);
}
