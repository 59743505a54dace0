using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>
/// Convolutions that Winograd's minimal filtering computes faster than the library, in the layout that the library's other kernels like: blocks of 16 channels. The library's own
/// Winograd kernels are slower than its direct ones, and version 3 has none (decision 16).
/// </summary>
internal static class BlockedWinograd
{
    /// <summary>How many times as fast the direct sum is in 16 bits, where the processor multiplies those.</summary>
    private const double HalfRate = 2.1;

    public static Kernel? TryPrepare(OneDnnAbi abi, KernelSpec spec, ThreadTeam threads) => spec.Type is DType.Float32 or DType.BFloat16
        ? Winograd.TryPrepare(spec, spec.Type == DType.BFloat16 && abi.Multiplies(spec.Type) ? HalfRate : 1, shape => Blocked(abi, shape, DataTypes.Of(spec.Type)), threads.Size)
        : null;

    /// <summary>aBcd16b, or plain where that is the same.</summary>
    private static MemoryLayout Blocked(OneDnnAbi abi, Shape shape, DataType type)
    {
        var form = abi.Plain(shape.Dimensions, type).Form with { Blocks = [(WinogradPlan.Block, 1)] };
        return OneDnnLayout.Of(abi, abi.Formed(form.WithLengths(shape.Dimensions)));
    }
}
