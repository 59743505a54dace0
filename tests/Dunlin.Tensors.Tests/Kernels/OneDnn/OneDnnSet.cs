using Dunlin.Tensors.Kernels;
using Dunlin.Tensors.Kernels.OneDnn;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

/// <summary>The library's kernel set. These tests are about the library: without it they fail and say what to install.</summary>
internal static class OneDnnSet
{
    public static IKernelSet Required => KernelSets.OneDnn
        ?? throw new InvalidOperationException($"These tests need oneDNN: {KernelSets.OneDnnProblem}.");

    public static OneDnnAbi Abi => Required is OneDnnKernels set ? set.Abi : throw new InvalidOperationException("There is another set of that name.");

    /// <summary>A team of two on its own caller: each test class runs on threads of its own.</summary>
    public static ThreadTeam Team()
    {
        var team = Required.CreateTeam(2);
        team.Enter();
        return team;
    }

    public static MemoryLayout[] Plain(KernelSpec spec) => [.. KernelOperands.Inputs(spec).Select(_ => MemoryLayout.Plain)];

    public static bool IsOneDnn(MemoryLayout layout) => layout is OneDnnLayout;
}
