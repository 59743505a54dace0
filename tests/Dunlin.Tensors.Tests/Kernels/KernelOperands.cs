using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>The plain types of a kernel's inputs and outputs, and inputs to try it on.</summary>
internal static class KernelOperands
{
    public static TensorType[] Inputs(KernelSpec spec) => Mixed(spec, InputsOf(spec), 0);

    public static TensorType[] Outputs(KernelSpec spec) => Mixed(spec, OutputsOf(spec), InputsOf(spec).Length);

    /// <summary>Operands of 16 bits, of which some are in Float32 nevertheless.</summary>
    private static TensorType[] Mixed(KernelSpec spec, TensorType[] operands, int first) =>
        [.. operands.Select((operand, i) => spec.Type.IsHalf() && spec.IsWide(first + i) ? operand with { Type = DType.Float32 } : operand)];

    private static TensorType[] InputsOf(KernelSpec spec) => spec switch
    {
        MatMulSpec s => Types(s, s.TransposeA ? [s.Batch, s.K, s.M] : [s.Batch, s.M, s.K],
            s.TransposeB ? [s.Batch, s.N, s.K] : [s.Batch, s.K, s.N], s.Bias ? [s.N] : null),
        ConvForwardSpec s => Types(s, s.Geometry.Input, s.Geometry.Weights, s.Bias ? [s.Geometry.Weights[0]] : null),
        ConvBackwardDataSpec s => Types(s, s.Geometry.Weights, s.Geometry.Output),
        ConvBackwardWeightsSpec s => Types(s, s.Geometry.Input, s.Geometry.Output),
        PoolForwardSpec s => Types(s, s.Geometry.Input),
        PoolBackwardSpec s => s.Kind == PoolKind.Max
            ? [new(s.Type, s.Geometry.Output), new(s.Geometry.WorkspaceType, s.Geometry.Output)]
            : Types(s, s.Geometry.Output),
        BatchNormTrainSpec s => Types(s, s.Input, [s.Input[1]], [s.Input[1]]),
        BatchNormInferSpec s => Types(s, s.Input, [s.Input[1]], [s.Input[1]], [s.Input[1]], [s.Input[1]]),
        BatchNormBackwardSpec s => Types(s, s.Input, [s.Input[1]], [s.Input[1]], [s.Input[1]], s.Input),
        LayerNormForwardSpec s => Types(s, [s.Rows, s.Columns], [s.Columns], [s.Columns]),
        LayerNormBackwardSpec s => Types(s, [s.Rows, s.Columns], [s.Columns], [s.Rows], [s.Rows], [s.Rows, s.Columns]),
        SoftmaxForwardSpec s => Types(s, [s.Outer, s.Length, s.Inner]),
        SoftmaxBackwardSpec s => Types(s, [s.Outer, s.Length, s.Inner], [s.Outer, s.Length, s.Inner]),
        LrnForwardSpec s => Types(s, s.Input),
        LrnBackwardSpec s => Types(s, s.Input, s.Input),
        AttentionForwardSpec s => [.. Types(s, s.Geometry.Query, s.Geometry.Key, s.Geometry.Value, s.Geometry.Mask), .. s.Geometry.Lengths is { } lengths ? [new TensorType(DType.Int32, lengths)] : Array.Empty<TensorType>()],
        AttentionBackwardSpec s => [.. Inputs(new AttentionForwardSpec(s.Type, s.Geometry)), .. Types(s, s.Geometry.Output, s.Geometry.Rows, s.Geometry.Output)],
        AttentionMaskBackwardSpec s => Inputs(new AttentionBackwardSpec(s.Type, s.Geometry)),
        ReorderSpec s => Types(s, s.Shape),
        _ => throw new ArgumentException($"Unknown operands of {spec}."),
    };

    private static TensorType[] OutputsOf(KernelSpec spec) => spec switch
    {
        MatMulSpec s => Types(s, [s.Batch, s.M, s.N]),
        ConvForwardSpec s => Types(s, s.Geometry.Output),
        ConvBackwardDataSpec s => Types(s, s.Geometry.Input),
        ConvBackwardWeightsSpec s => Types(s, s.Geometry.Weights, s.Bias ? [s.Geometry.Weights[0]] : null),
        PoolForwardSpec s => s.Kind == PoolKind.Max
            ? [new(s.Type, s.Geometry.Output), new(s.Geometry.WorkspaceType, s.Geometry.Output)]
            : Types(s, s.Geometry.Output),
        PoolBackwardSpec s => Types(s, s.Geometry.Input),
        BatchNormTrainSpec s => Types(s, s.Input, [s.Input[1]], [s.Input[1]]),
        BatchNormInferSpec s => Types(s, s.Input),
        BatchNormBackwardSpec s => Types(s, s.Input, [s.Input[1]], [s.Input[1]]),
        LayerNormForwardSpec s => Types(s, [s.Rows, s.Columns], [s.Rows], [s.Rows]),
        LayerNormBackwardSpec s => Types(s, [s.Rows, s.Columns], [s.Columns], [s.Columns]),
        SoftmaxForwardSpec s => Types(s, [s.Outer, s.Length, s.Inner]),
        SoftmaxBackwardSpec s => Types(s, [s.Outer, s.Length, s.Inner]),
        LrnForwardSpec s => Types(s, s.Input),
        LrnBackwardSpec s => Types(s, s.Input),
        AttentionForwardSpec s => Types(s, s.Geometry.Output, s.Geometry.Rows),
        AttentionBackwardSpec s => Types(s, s.Geometry.Query, s.Geometry.Key, s.Geometry.Value),
        AttentionMaskBackwardSpec s => Types(s, s.Geometry.Mask),
        ReorderSpec s => Types(s, s.Shape),
        _ => throw new ArgumentException($"Unknown operands of {spec}."),
    };

    /// <summary>Numbers between −1 and 1, the same for every run; variances lie between 0.5 and 1.5.</summary>
    public static Tensor[] Sample(KernelSpec spec)
    {
        var random = new Random(7);
        var types = Inputs(spec);
        var variance = spec switch { BatchNormInferSpec => 4, BatchNormBackwardSpec or LayerNormBackwardSpec => 3, _ => -1 };
        return [.. types.Select((type, input) => FromDoubles(type,
            [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ => random.NextDouble() * (input == variance ? 1 : 2) - (input == variance ? -0.5 : 1))]))];
    }

    public static Tensor FromDoubles(TensorType type, double[] values) => type.Type switch
    {
        DType.Float32 => Tensor.From(values.Select(v => (float)v).ToArray(), type.Shape),
        DType.Float64 => Tensor.From(values, type.Shape),
        DType.BFloat16 => Tensor.From(values.Select(v => (BFloat16)(float)v).ToArray(), type.Shape),
        DType.Float16 => Tensor.From(values.Select(v => (Half)v).ToArray(), type.Shape),
        DType.UInt8 => Tensor.From(values.Select(v => (byte)v).ToArray(), type.Shape),
        DType.Int32 => Tensor.From(values.Select(v => (int)v).ToArray(), type.Shape),
        _ => throw new ArgumentException($"No conversion to {type}."),
    };

    public static double[] ToDoubles(Tensor tensor) => tensor.Type switch
    {
        DType.Float32 => [.. tensor.ToArray<float>().Select(v => (double)v)],
        DType.Float64 => tensor.ToArray<double>(),
        DType.BFloat16 => [.. tensor.ToArray<BFloat16>().Select(v => (double)v)],
        DType.Float16 => [.. tensor.ToArray<Half>().Select(v => (double)v)],
        DType.UInt8 => [.. tensor.ToArray<byte>().Select(v => (double)v)],
        DType.Int32 => [.. tensor.ToArray<int>().Select(v => (double)v)],
        _ => throw new ArgumentException($"No conversion from {tensor}."),
    };

    private static TensorType[] Types(KernelSpec spec, params Shape?[] shapes) =>
        [.. shapes.Where(s => s != null).Select(s => new TensorType(spec.Type, s!.Value))];
}
