namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>A kernel that is its own parallel work, so that running it allocates nothing.</summary>
/// <param name="work">About how many simple steps the kernel takes: below <see cref="WorthThreads"/> the caller does it alone.</param>
internal abstract unsafe class ManagedKernel(double work) : Kernel, IParallelWork
{
    /// <summary>Some 10 µs of work: waking the other threads costs about one.</summary>
    public const double WorthThreads = 50_000;

    private readonly bool _isParallel = work >= WorthThreads;
    private nint* _buffers;

    /// <inheritdoc/>
    public override void Run(nint* buffers, ThreadTeam threads)
    {
        _buffers = buffers;
        Run(threads);
    }

    /// <summary>Runs <see cref="Execute"/>, once unless overridden.</summary>
    protected virtual void Run(ThreadTeam threads) => Parallel(threads);

    /// <summary>Calls <see cref="Execute"/> on every thread, or once where that is not worth it.</summary>
    protected void Parallel(ThreadTeam threads)
    {
        if (_isParallel) threads.Run(this);
        else Execute(0, 1);
    }

    /// <summary>The address of an input, an output or the working memory.</summary>
    protected T* Buffer<T>(int index) where T : unmanaged => (T*)_buffers[index];

    /// <inheritdoc/>
    public abstract void Execute(int worker, int workers);
}
