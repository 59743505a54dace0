using Dunlin.Tensors.Kernels.Managed;
using Dunlin.Tensors.Kernels.OneDnn;

namespace Dunlin.Tensors.Kernels;

/// <summary>Chooses between the kernel sets of this machine.</summary>
public static class KernelSets
{
    private static readonly Lazy<IKernelSet> LazyDefault = new(() => Resolve(StartupEnvironment.Get("DUNLIN_KERNELS")));

    /// <summary>The set named by the environment variable <c>DUNLIN_KERNELS</c>, else the fastest one present.</summary>
    public static IKernelSet Default => LazyDefault.Value;

    /// <summary>Plain .NET: always there, and the oracle for the others.</summary>
    public static IKernelSet Managed { get; } = new ManagedKernels(direct: false);

    /// <summary>
    /// <see cref="Managed"/> with every convolution by the direct sum. Convolutions of 3 × 3 and 5 × 5 taps are else computed by Winograd's minimal filtering, which takes about half
    /// the time and has two to three times the rounding error (a relative 10⁻⁶).
    /// </summary>
    public static IKernelSet ManagedDirect { get; } = new ManagedKernels(direct: true);

    /// <summary>The oneDNN library's kernels, or null where <see cref="OneDnnProblem"/> says why there are none.</summary>
    public static IKernelSet? OneDnn => OneDnnKernels.Instance;

    /// <summary><see cref="OneDnn"/> with every convolution by the direct sum, or null where there is none.</summary>
    public static IKernelSet? OneDnnDirect => OneDnnKernels.Direct;

    /// <summary>Why <see cref="OneDnn"/> is null, and what to do; null where it is there.</summary>
    public static string? OneDnnProblem => OneDnnKernels.Problem;

    /// <summary>The set of the given name, or the fastest one present where the name is null.</summary>
    /// <exception cref="DunlinException">There is no such set, or its library is not installed.</exception>
    public static IKernelSet Resolve(string? name) => name?.ToLowerInvariant() switch
    {
        null => OneDnn ?? Managed,
        "managed" => Managed,
        "managed-direct" => ManagedDirect,
        "onednn" => OneDnn ?? throw Missing(name),
        "onednn-direct" => OneDnnDirect ?? throw Missing(name),
        _ => throw new DunlinException($"There is no kernel set '{name}'; choose managed, onednn, or one of these with -direct after it (DUNLIN_KERNELS)."),
    };

    private static DunlinException Missing(string name) => new($"The kernel set {name} is not available: {OneDnnProblem}.");

    /// <summary>Prepares a kernel by the given set, or by <see cref="Managed"/> where that set has none.</summary>
    /// <exception cref="DunlinException">No set has a kernel for the specification.</exception>
    public static Kernel Prepare(this IKernelSet set, KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) =>
        set.TryPrepare(spec, offered, threads)
        ?? Managed.TryPrepare(spec, offered, threads)
        ?? throw new DunlinException($"No kernel computes {spec}.");
}
