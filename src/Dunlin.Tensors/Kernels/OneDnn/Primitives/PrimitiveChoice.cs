namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Which primitive serves which specification. None is null: another kernel set then serves it.</summary>
internal static class PrimitiveChoice
{
    public static Kernel? TryPrepare(OneDnnAbi abi, KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        if (spec is ReorderSpec reorder) return ReorderPrimitive.Prepare(abi, reorder, threads);
        if (spec.Type != DType.Float32 && !spec.Type.IsHalf()) return null;
        return spec switch
        {
            MatMulSpec s => SgemmKernel.Prepare(s, threads) ?? MatMulPrimitive.Prepare(abi, s, threads),
            ConvForwardSpec s => ConvolutionPrimitives.PrepareForward(abi, s, threads),
            ConvBackwardDataSpec s => ConvolutionPrimitives.PrepareBackwardData(abi, s, threads),
            ConvBackwardWeightsSpec s => ConvolutionPrimitives.PrepareBackwardWeights(abi, s, threads),
            PoolForwardSpec s => PoolingPrimitives.PrepareForward(abi, s, First(offered), threads),
            PoolBackwardSpec s => PoolingPrimitives.PrepareBackward(abi, s, offered, threads),
            BatchNormTrainSpec s => BatchNormPrimitives.PrepareTrain(abi, s, First(offered), threads),
            BatchNormInferSpec s => BatchNormPrimitives.PrepareInfer(abi, s, First(offered), threads),
            BatchNormBackwardSpec s => BatchNormPrimitives.PrepareBackward(abi, s, First(offered), threads),
            LayerNormForwardSpec s => LayerNormPrimitives.PrepareForward(abi, s, threads),
            LayerNormBackwardSpec s => LayerNormPrimitives.PrepareBackward(abi, s, threads),
            LrnForwardSpec s => LrnPrimitives.PrepareForward(abi, s, First(offered), threads),
            LrnBackwardSpec s => LrnPrimitives.PrepareBackward(abi, s, First(offered), threads),
            SoftmaxForwardSpec s => SoftmaxPrimitives.PrepareForward(abi, s, threads),
            SoftmaxBackwardSpec s => SoftmaxPrimitives.PrepareBackward(abi, s, threads),
            _ => null,
        };
    }

    private static MemoryLayout First(IReadOnlyList<MemoryLayout> offered) => offered.Count == 0 ? MemoryLayout.Plain : offered[0];
}
