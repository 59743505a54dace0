using System.Numerics;
using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Kernels in plain .NET for Float32 and Float64. They take and leave plain layouts only.</summary>
internal sealed class ManagedKernels : IKernelSet
{
    public string Name => "managed";

    public string Description => $"managed .NET kernels, {Environment.Version}, {Bits}-bit vectors";

    private static int Bits => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    public ThreadTeam CreateTeam(int size) => size == 1 ? ThreadTeam.Single : new ManagedTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) => spec.Type switch
    {
        DType.Float32 => Prepare<float>(spec, threads.Size),
        DType.Float64 => Prepare<double>(spec, threads.Size),
        _ => null,
    };

    private static Kernel? Prepare<T>(KernelSpec spec, int threads) where T : unmanaged, IFloatingPointIeee754<T> => spec switch
    {
        MatMulSpec s => new MatMulKernel<T>(s, threads),
        _ => null,
    };
}
