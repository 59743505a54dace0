using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>
/// Convolutions that Winograd's minimal filtering computes faster than the library, in the layout that the library's other kernels like: blocks of 16 channels. The library's own
/// Winograd kernels are slower than its direct ones, and version 3 has none (decision 16).
/// </summary>
internal static class BlockedWinograd
{
    public static Kernel? PrepareForward(OneDnnAbi abi, ConvForwardSpec spec, ThreadTeam threads) => Suits(spec, spec.Geometry)
        ? Winograd.Forward(spec, Blocked(abi, spec.Geometry.Input), Blocked(abi, spec.Geometry.Output), threads.Size)
        : null;

    public static Kernel? PrepareBackwardData(OneDnnAbi abi, ConvBackwardDataSpec spec, ThreadTeam threads) => Suits(spec, spec.Geometry)
        ? Winograd.BackwardData(spec, Blocked(abi, spec.Geometry.Input), Blocked(abi, spec.Geometry.Output), threads.Size)
        : null;

    public static Kernel? PrepareBackwardWeights(OneDnnAbi abi, ConvBackwardWeightsSpec spec, ThreadTeam threads) => Suits(spec, spec.Geometry)
        ? Winograd.BackwardWeights(spec, Blocked(abi, spec.Geometry.Input), Blocked(abi, spec.Geometry.Output), threads.Size)
        : null;

    private static bool Suits(KernelSpec spec, ConvGeometry geometry) => spec.Type == DType.Float32 && Winograd.Suits(geometry);

    /// <summary>aBcd16b: plain where there is nothing to block, as one block of channels of one place.</summary>
    private static MemoryLayout Blocked(OneDnnAbi abi, Shape shape)
    {
        var form = abi.Plain(shape.Dimensions, DataType.Float32).Form with { Blocks = [(WinogradPlan.Block, 1)] };
        return OneDnnLayout.Of(abi, abi.Formed(form.WithLengths(shape.Dimensions)));
    }
}
