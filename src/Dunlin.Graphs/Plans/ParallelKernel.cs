using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>A kernel that is its own parallel work, so that running it allocates nothing.</summary>
/// <param name="work">About how many elements it touches: little work is done by the caller alone.</param>
internal abstract unsafe class ParallelKernel(long work) : Kernel, IParallelWork
{
    private const long WorthThreads = 64 * 1024;

    /// <summary>The addresses that the current run was given.</summary>
    protected nint* Buffers { get; private set; }

    public sealed override void Run(nint* buffers, ThreadTeam threads)
    {
        Buffers = buffers;
        Begin();
        if (threads.Size > 1 && work >= WorthThreads) threads.Run(this);
        else Execute(0, 1);
    }

    /// <summary>What the caller does alone before the work is shared; nothing unless overridden.</summary>
    protected virtual void Begin() { }

    public abstract void Execute(int worker, int workers);

    /// <summary>An operand as a pointer.</summary>
    protected T* Operand<T>(int index) where T : unmanaged => (T*)Buffers[index];
}
