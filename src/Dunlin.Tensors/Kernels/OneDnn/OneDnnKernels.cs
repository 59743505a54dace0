namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>One version of the library's binary interface: all that depends on it stands in one folder.</summary>
internal interface IOneDnnAbi
{
    /// <summary>The library's version, such as 2.6.3.</summary>
    string Version { get; }

    /// <summary>The widest instructions that it uses on this machine.</summary>
    string InstructionSet { get; }

    /// <inheritdoc cref="IKernelSet.TryPrepare"/>
    Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads);
}

/// <summary>
/// Kernels of the oneDNN library, in float32. Whoever runs a kernel calls <see cref="ThreadTeam.Enter"/> on its thread first, as
/// preparing does here: the library looks up the number of threads when it plans the work and again when it runs.
/// </summary>
internal sealed class OneDnnKernels : IKernelSet
{
    private static readonly Lazy<(OneDnnKernels? Set, string? Problem)> Found = new(Find);

    private readonly IOneDnnAbi _abi;

    private OneDnnKernels(IOneDnnAbi abi) => _abi = abi;

    /// <summary>The set, or null where the library is absent or of another version; <see cref="Problem"/> says which.</summary>
    public static OneDnnKernels? Instance => Found.Value.Set;

    /// <summary>Why there is no set, in a sentence without its full stop; null if there is one.</summary>
    public static string? Problem => Found.Value.Problem;

    public string Name => "onednn";

    public string Description => $"oneDNN {_abi.Version} ({_abi.InstructionSet}, OpenMP threads)";

    /// <summary>A team of one, too, is an OpenMP team: it keeps the library from starting threads of its own.</summary>
    public ThreadTeam CreateTeam(int size) => new OpenMpTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        OpenMp.Use(threads.Size);
        return _abi.TryPrepare(spec, offered, threads);
    }

    /// <summary>The newest interface that a library on this machine speaks: a second version is tried here before the first.</summary>
    private static (OneDnnKernels?, string?) Find() =>
        Abi26.Library.Instance is { } library ? (new OneDnnKernels(library), null) : (null, Abi26.Library.Problem);
}
