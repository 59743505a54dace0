using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Kernels of Float32 convolutions, or of BFloat16 ones in blocks, with 3 × 3 or 5 × 5 taps by Winograd's minimal filtering, for this machine's vectors.</summary>
internal static class Winograd
{
    /// <summary>The kernel of a convolution or of one of its gradients; null of what is no such convolution, or one that the direct sum computes sooner.</summary>
    /// <param name="spec">What to compute.</param>
    /// <param name="rival">How many times as fast as in Float32 the direct sum is in the specification's type: 1, or about 2 where the processor multiplies 16 bits.</param>
    /// <param name="layout">The layout of tensors with channels: plain, or one with blocks of 16 channels.</param>
    /// <param name="threads">That will run it.</param>
    public static Kernel? TryPrepare(KernelSpec spec, double rival, Func<Shape, MemoryLayout> layout, int threads) => spec switch
    {
        ConvForwardSpec { Geometry: var g } s when WinogradPlan.Suits(g, rival) => Forward(WinogradPlan.Forward(g),
            new(0, 1, s.Bias ? 2 : -1, s.Bias ? 3 : 2, s.Activation == Activation.Relu, IsTurned: false, layout(g.Input), layout(g.Output), spec.Type == DType.BFloat16), threads),
        ConvBackwardDataSpec { Geometry: var g } when WinogradPlan.Suits(g, rival) => Forward(WinogradPlan.BackwardData(g),
            new(1, 0, -1, 2, Relu: false, IsTurned: true, layout(g.Output), layout(g.Input), spec.Type == DType.BFloat16), threads),
        ConvBackwardWeightsSpec { Geometry: var g } s when WinogradPlan.Suits(g, rival) => BackwardWeights(WinogradPlan.Forward(g), s, layout(g.Input), layout(g.Output), threads),
        _ => null,
    };

    private static Kernel BackwardWeights(WinogradPlan plan, ConvBackwardWeightsSpec spec, MemoryLayout x, MemoryLayout dy, int threads) =>
        ManagedKernels.HasVector512 ? new WinogradBackwardWeightsKernel<Vector512<float>, Lanes512<float>>(plan, spec, x, dy, threads)
        : Vector256.IsHardwareAccelerated ? new WinogradBackwardWeightsKernel<Vector256<float>, Lanes256<float>>(plan, spec, x, dy, threads)
        : new WinogradBackwardWeightsKernel<Vector128<float>, Lanes128<float>>(plan, spec, x, dy, threads);

    private static Kernel Forward(WinogradPlan plan, WinogradOperands operands, int threads) =>
        ManagedKernels.HasVector512 ? new WinogradForwardKernel<Vector512<float>, Lanes512<float>>(plan, operands, threads)
        : Vector256.IsHardwareAccelerated ? new WinogradForwardKernel<Vector256<float>, Lanes256<float>>(plan, operands, threads)
        : new WinogradForwardKernel<Vector128<float>, Lanes128<float>>(plan, operands, threads);
}
