namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Kernels in plain .NET. They take and leave plain layouts only.</summary>
internal sealed class ManagedKernels : IKernelSet
{
    public string Name => "managed";

    public string Description => "managed .NET kernels";

    public ThreadTeam CreateTeam(int size) => size == 1 ? ThreadTeam.Single : new ManagedTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) => null;
}
