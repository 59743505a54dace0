using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Kernels of convolutions with 3 × 3 or 5 × 5 taps by Winograd's minimal filtering, for this machine's vectors.</summary>
internal static class Winograd
{
    /// <summary>Whether the kernels serve a convolution, and better than the direct sum does.</summary>
    public static bool Suits(ConvGeometry geometry) => WinogradPlan.Suits(geometry);

    /// <summary>The forward pass.</summary>
    /// <param name="spec">What to compute.</param>
    /// <param name="x">The input's layout: plain, or one with blocks of 16 channels.</param>
    /// <param name="y">The output's.</param>
    /// <param name="threads">That will run it.</param>
    public static Kernel Forward(ConvForwardSpec spec, MemoryLayout x, MemoryLayout y, int threads) => Forward(WinogradPlan.Forward(spec.Geometry),
        new WinogradOperands(0, 1, spec.Bias ? 2 : -1, spec.Bias ? 3 : 2, spec.Activation == Activation.Relu, IsTurned: false, x, y), threads);

    /// <summary>The input's gradient.</summary>
    /// <inheritdoc cref="Forward(ConvForwardSpec, MemoryLayout, MemoryLayout, int)"/>
    public static Kernel BackwardData(ConvBackwardDataSpec spec, MemoryLayout x, MemoryLayout y, int threads) => Forward(WinogradPlan.BackwardData(spec.Geometry),
        new WinogradOperands(1, 0, -1, 2, Relu: false, IsTurned: true, y, x), threads);

    /// <summary>The weights' gradient.</summary>
    /// <inheritdoc cref="Forward(ConvForwardSpec, MemoryLayout, MemoryLayout, int)"/>
    public static Kernel BackwardWeights(ConvBackwardWeightsSpec spec, MemoryLayout x, MemoryLayout y, int threads)
    {
        var plan = WinogradPlan.Forward(spec.Geometry);
        return ManagedKernels.HasVector512 ? new WinogradBackwardWeightsKernel<Vector512<float>, Lanes512<float>>(plan, spec.Bias, x, y, threads)
            : Vector256.IsHardwareAccelerated ? new WinogradBackwardWeightsKernel<Vector256<float>, Lanes256<float>>(plan, spec.Bias, x, y, threads)
            : new WinogradBackwardWeightsKernel<Vector128<float>, Lanes128<float>>(plan, spec.Bias, x, y, threads);
    }

    private static Kernel Forward(WinogradPlan plan, WinogradOperands operands, int threads) =>
        ManagedKernels.HasVector512 ? new WinogradForwardKernel<Vector512<float>, Lanes512<float>>(plan, operands, threads)
        : Vector256.IsHardwareAccelerated ? new WinogradForwardKernel<Vector256<float>, Lanes256<float>>(plan, operands, threads)
        : new WinogradForwardKernel<Vector128<float>, Lanes128<float>>(plan, operands, threads);
}
