using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>
/// Convolutions that Winograd's minimal filtering computes faster than the library, in the layout that the library's other kernels like: blocks of 16 channels. The library's own
/// Winograd kernels are slower than its direct ones, and version 3 has none (decision 16).
/// </summary>
internal static class BlockedWinograd
{
    public static Kernel? TryPrepare(OneDnnAbi abi, KernelSpec spec, ThreadTeam threads) => spec.Type == DType.Float32 ? Winograd.TryPrepare(spec, shape => Blocked(abi, shape), threads.Size) : null;

    /// <summary>aBcd16b, or plain where that is the same.</summary>
    private static MemoryLayout Blocked(OneDnnAbi abi, Shape shape)
    {
        var form = abi.Plain(shape.Dimensions, DataType.Float32).Form with { Blocks = [(WinogradPlan.Block, 1)] };
        return OneDnnLayout.Of(abi, abi.Formed(form.WithLengths(shape.Dimensions)));
    }
}
