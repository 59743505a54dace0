namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Which primitive serves which specification. None is null: another kernel set then serves it.</summary>
internal static class Primitives
{
    public static Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        if (spec is ReorderSpec reorder) return ReorderPrimitive.Prepare(reorder, threads);
        if (spec.Type != DType.Float32) return null;
        return spec switch
        {
            MatMulSpec s => MatMulPrimitive.Prepare(s, threads),
            ConvForwardSpec s => ConvolutionPrimitives.PrepareForward(s, threads),
            ConvBackwardDataSpec s => ConvolutionPrimitives.PrepareBackwardData(s, threads),
            ConvBackwardWeightsSpec s => ConvolutionPrimitives.PrepareBackwardWeights(s, threads),
            PoolForwardSpec s => PoolingPrimitives.PrepareForward(s, First(offered), threads),
            PoolBackwardSpec s => PoolingPrimitives.PrepareBackward(s, offered, threads),
            BatchNormTrainSpec s => BatchNormPrimitives.PrepareTrain(s, First(offered), threads),
            BatchNormInferSpec s => BatchNormPrimitives.PrepareInfer(s, First(offered), threads),
            BatchNormBackwardSpec s => BatchNormPrimitives.PrepareBackward(s, First(offered), threads),
            LayerNormForwardSpec s => LayerNormPrimitives.PrepareForward(s, threads),
            LayerNormBackwardSpec s => LayerNormPrimitives.PrepareBackward(s, threads),
            LrnForwardSpec s => LrnPrimitives.PrepareForward(s, First(offered), threads),
            LrnBackwardSpec s => LrnPrimitives.PrepareBackward(s, First(offered), threads),
            SoftmaxForwardSpec s => SoftmaxPrimitives.PrepareForward(s, threads),
            SoftmaxBackwardSpec s => SoftmaxPrimitives.PrepareBackward(s, threads),
            _ => null,
        };
    }

    private static MemoryLayout First(IReadOnlyList<MemoryLayout> offered) => offered.Count == 0 ? MemoryLayout.Plain : offered[0];
}
