using Dunlin.Tensors.Kernels;
using Dunlin.Tensors.Kernels.OneDnn;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

/// <summary>The library's kernel set. These tests are about the library: without it they fail and say what to install.</summary>
internal static class OneDnnSet
{
    public static IKernelSet Required => KernelSets.OneDnn
        ?? throw new InvalidOperationException($"These tests need oneDNN: {KernelSets.OneDnnProblem}.");

    public static OneDnnAbi Abi => Required is OneDnnKernels set ? set.Abi : throw new InvalidOperationException("There is another set of that name.");

    /// <summary>All that the library has, also where the kernel set does without it because it is slow.</summary>
    public static IKernelSet Whole { get; } = new WholeLibrary();

    /// <summary>A team of two on its own caller: each test class runs on threads of its own.</summary>
    public static ThreadTeam Team()
    {
        var team = Required.CreateTeam(2);
        team.Enter();
        return team;
    }

    public static MemoryLayout[] Plain(KernelSpec spec) => [.. KernelOperands.Inputs(spec).Select(_ => MemoryLayout.Plain)];

    public static bool IsOneDnn(MemoryLayout layout) => layout is OneDnnLayout;

    private sealed class WholeLibrary : IKernelSet
    {
        public bool Multiplies(DType type) => true;

        public string Name => Required.Name;

        public string Description => Required.Description;

        public ThreadTeam CreateTeam(int size) => Required.CreateTeam(size);

        public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
        {
            threads.Enter();
            return Abi.TryPrepare(spec, offered, threads);
        }
    }
}
