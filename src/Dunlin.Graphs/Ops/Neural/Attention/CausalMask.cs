using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Which keys each query may see: y[i, j] = j ≤ i + Offset. Input: a value […, Q, K] for its shape only. Output: Bool[Q, K].</summary>
/// <param name="Offset">The place of the first query among the keys.</param>
public sealed record CausalMask(int Offset = 0) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on a shape only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank >= 2 ? [new(DType.Bool, inputs[0].Shape[^2..])] : throw Mismatch(inputs, "takes a value […, Q, K].");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only a shape is read, which is the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var mask = Tensor.Zeros(DType.Bool, context.Outputs[0].Shape);
        var (queries, keys) = (mask.Shape[0], mask.Shape[1]);
        for (var i = 0; i < queries; i++) mask.AsTensorSpan<bool>()[[i..(i + 1), 0..Math.Clamp(i + Offset + 1, 0, keys)]].Fill(true);
        return new ConstantKernel(mask, inputs: 1);
    }
}
