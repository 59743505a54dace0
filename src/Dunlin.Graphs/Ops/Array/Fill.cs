using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>A tensor in the shape of the first input whose every element is the second, a scalar.</summary>
/// <remarks>Gradient: none for the first, the sum of dy for the second.</remarks>
public sealed record FillLike : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 1;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[1].Shape.Rank == 0 ? [new(inputs[1].Type, inputs[0].Shape)] : throw Mismatch(inputs, "the second input is a scalar.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new FillKernel(context.Outputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [Batching.Aligned(inputs[1], node.Outputs[0].Shape.Rank).BroadcastToLike(batching.Everywhere(inputs[0]))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [null, outputGradients[0]!.ReduceToLike(node.Inputs[1])];

    private sealed unsafe class FillKernel(TensorType type) : Kernel
    {
        private readonly long _count = type.Shape.ElementCount;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var size = type.Type.Size();
            for (var at = 0L; at < _count; at += TileFunction.MaxLength)
            {
                var target = (byte*)buffers[2] + at * size;
                if (at + TileFunction.MaxLength <= _count) TileKernel.Repeat(buffers[1], (nint)target, size);
                else for (var i = 0L; i < (_count - at) * size; i++) target[i] = ((byte*)buffers[1])[i % size];
            }
        }
    }
}

/// <summary>Filled tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.FillLike"/>
    public static Value FillLike(this Value like, Value scalar) => like.Graph.Add(new FillLike(), [like, scalar]);

    /// <summary>Zeros of the value's type and shape; for a list, an empty one, which is zero to sums.</summary>
    public static Value ZerosLike(this Value like) => like.Type == DType.List ? like.EmptyLists() : like.FillLike(like.Number(0));

    /// <summary>Ones of the value's type and shape.</summary>
    public static Value OnesLike(this Value like) => like.FillLike(like.Number(1));
}
