using Dunlin.Tensors.Kernels.Managed;
using Dunlin.Tensors.Kernels.OneDnn.Primitives;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// Kernels of the oneDNN library, in Float32 and, as far as it has fast ones for this processor, in BFloat16 and Float16. Whoever runs a kernel calls
/// <see cref="ThreadTeam.Enter"/> on its thread first, as preparing does here: the library looks up the number of threads when it plans the work and again when it runs.
/// </summary>
internal sealed class OneDnnKernels : IKernelSet
{
    private static readonly Lazy<(OneDnnKernels? Set, OneDnnKernels? Direct, string? Problem)> Found = new(Find);

    private readonly bool _direct;

    private OneDnnKernels(OneDnnAbi abi, bool direct) => (Abi, _direct) = (abi, direct);

    /// <summary>The set, or null where the library is absent or of another version; <see cref="Problem"/> says which.</summary>
    public static OneDnnKernels? Instance => Found.Value.Set;

    /// <summary>The set with direct convolutions only, or null as <see cref="Instance"/>.</summary>
    public static OneDnnKernels? Direct => Found.Value.Direct;

    /// <summary>Why there is no set, in a sentence without its full stop; null if there is one.</summary>
    public static string? Problem => Found.Value.Problem;

    /// <summary>The library.</summary>
    public OneDnnAbi Abi { get; }

    public string Name => _direct ? "onednn-direct" : "onednn";

    public string Description => $"oneDNN {Abi.Version} ({Abi.InstructionSet}, OpenMP threads{(_direct ? ", direct convolutions" : "")})";

    public bool Multiplies(DType type) => type == DType.Float32 || type.IsHalf() && Abi.Multiplies(type);

    /// <summary>A team of one, too, is an OpenMP team: it keeps the library from starting threads of its own.</summary>
    public ThreadTeam CreateTeam(int size) => new OpenMpTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        OpenMp.Use(threads.Size);
        // What the managed kernels do sooner than the library goes to them.
        return (_direct ? null : BlockedWinograd.TryPrepare(Abi, spec, threads)) ?? PanelProductKernel.TryPrepare(spec, threads.Size)
            ?? (IsEmulated(spec) ? null : Abi.TryPrepare(spec, offered, threads));
    }

    /// <summary>
    /// Products and convolutions in 16 bits on a processor that can't multiply them: the library converts within its inner loops, which takes several times as long as
    /// computing in Float32 (decision 11).
    /// </summary>
    private bool IsEmulated(KernelSpec spec) =>
        spec is MatMulSpec or ConvForwardSpec or ConvBackwardDataSpec or ConvBackwardWeightsSpec && spec.Type.IsHalf() && !Abi.Multiplies(spec.Type);

    private static (OneDnnKernels?, OneDnnKernels?, string?) Find()
    {
        var (abi, problem) = OneDnnLibrary.Load(OneDnnLibrary.Files);
        return abi is null ? (null, null, problem) : (new(abi, direct: false), new(abi, direct: true), null);
    }
}
