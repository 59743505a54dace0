using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// An operation of Float32 some of whose operands and results are of 16 bits instead: products whose sums stay in Float32, and normalisations whose vectors do. Made by
/// <see cref="MixedPrecision"/> only; what is of 16 bits throughout needs no other operation.
/// </summary>
/// <param name="Operation">The operation.</param>
internal sealed record Mixed(Operation Operation) : Operation
{
    public override string Name => Operation.Name;

    public override string? NoGradientReason => "Plans make it after differentiation.";

    /// <summary>Whether the operation can be wrapped.</summary>
    public static bool Takes(Operation operation) => operation is MatMul or WithEpilogue { Product: MatMul } or ConvBackwardWeights or ConvBackwardWeightsAndBias || IsNorm(operation);

    /// <summary>Whether only the tensors that it normalises are of 16 bits, and not the vectors beside them.</summary>
    public static bool IsNorm(Operation operation) => operation is BatchNorm or BatchNormBackward or BatchNormInference;

    public override bool ReadsElements(int input) => Operation.ReadsElements(input);

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        var results = Operation.Infer([.. inputs.Select(i => i.Type.IsHalf() ? i with { Type = DType.Float32 } : i)]);
        if (IsNorm(Operation)) results[0] = results[0] with { Type = inputs[0].Type };
        return results;
    }

    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Operation.Flops(inputs, outputs);

    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Operation.LeastFlops(inputs, outputs);

    public override Kernel Prepare(PrepareContext context) => Operation switch
    {
        MatMul product => context.Heavy(product.Spec(context.Inputs, bias: false, Activation.None) with { WideResult = true }),
        WithEpilogue { Product: MatMul product } with => context.Heavy(product.Spec(context.Inputs, with.Bias, with.Activation) with { WideResult = true }),
        ConvBackwardWeights gradient => context.Heavy(gradient.Spec(context.Inputs, bias: false) with { WideResult = true }, inputs: 2),
        ConvBackwardWeightsAndBias gradients => context.Heavy(gradients.Weights.Spec(context.Inputs, bias: true) with { WideResult = true }, inputs: 2),
        BatchNorm norm => context.Heavy(norm.Spec(context.Inputs) with { WideVectors = true }),
        BatchNormBackward norm => context.Heavy(norm.Spec(context.Inputs) with { WideVectors = true }),
        BatchNormInference norm => context.Heavy(norm.Spec(context.Inputs) with { WideVectors = true }),
        _ => throw new InvalidOperationException($"{Operation.Name} has no form of mixed element types."),
    };
}
