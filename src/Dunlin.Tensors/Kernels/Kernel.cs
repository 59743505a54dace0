namespace Dunlin.Tensors.Kernels;

/// <summary>
/// A piece of computation prepared for fixed shapes, layouts and threads. Preparing may allocate and search; running does neither.
/// One thread runs a kernel at a time (a plan that runs twice at once prepares its kernels twice).
/// </summary>
public abstract class Kernel : IDisposable
{
    /// <summary>The layout in which each input must come; empty where all are plain.</summary>
    public IReadOnlyList<MemoryLayout> InputLayouts { get; init; } = [];

    /// <summary>The layout in which each output is left; empty where all are plain.</summary>
    public IReadOnlyList<MemoryLayout> OutputLayouts { get; init; } = [];

    /// <summary>Bytes of working memory that <see cref="Run"/> wants, aligned to 64 bytes; its contents need not survive a run.</summary>
    public long ScratchBytes { get; init; }

    /// <summary>The floating-point operations that a run's products take, a multiply-add being two, where the kernel saves some of those by which its operation is defined; null where it does not.</summary>
    public long? Flops { get; init; }

    /// <summary>Whether output <paramref name="output"/> may be the same memory as input <paramref name="input"/>.</summary>
    public virtual bool CanOverwrite(int input, int output) => false;

    /// <summary>Computes the outputs.</summary>
    /// <param name="buffers">Addresses of the inputs, then of the outputs, then of the working memory if <see cref="ScratchBytes"/> is not 0.</param>
    /// <param name="threads">The team the kernel was prepared for.</param>
    public abstract unsafe void Run(nint* buffers, ThreadTeam threads);

    /// <summary>Frees what the kernel holds outside managed memory.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The layout of one input.</summary>
    public MemoryLayout InputLayout(int index) => InputLayouts.Count == 0 ? MemoryLayout.Plain : InputLayouts[index];

    /// <summary>The layout of one output.</summary>
    public MemoryLayout OutputLayout(int index) => OutputLayouts.Count == 0 ? MemoryLayout.Plain : OutputLayouts[index];
}
