namespace Dunlin.Tensors;

/// <summary>A piece of work that several threads do together.</summary>
public interface IParallelWork
{
    /// <summary>Does this worker's share. Every worker from 0 to <paramref name="workers"/> − 1 is called once, possibly at the same time.</summary>
    void Execute(int worker, int workers);
}

/// <summary>
/// The threads that one session may use inside its kernels: the caller's own and <see cref="Size"/> − 1 helpers that wait between
/// kernels. One caller at a time. Running work allocates nothing.
/// </summary>
public abstract class ThreadTeam : IDisposable
{
    /// <summary>The number of threads, the caller's among them; at least 1.</summary>
    public abstract int Size { get; }

    /// <summary>Does the work on all threads and returns when all are done. An exception of any worker is thrown here.</summary>
    public abstract void Run(IParallelWork work);

    /// <summary>
    /// Makes native libraries that start threads of their own use <see cref="Size"/> of them on the calling thread. Whoever runs kernels
    /// calls it on its thread first, and again when the thread changes.
    /// </summary>
    public virtual void Enter() { }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>A worker's part of <paramref name="count"/> items: contiguous parts whose sizes differ by at most one <paramref name="grain"/>.</summary>
    public static (long Begin, long End) Share(long count, int worker, int workers, long grain = 1)
    {
        var grains = (count + grain - 1) / grain;
        var begin = grains * worker / workers * grain;
        var end = grains * (worker + 1) / workers * grain;
        return (Math.Min(begin, count), Math.Min(end, count));
    }

    /// <summary>A team of one: the caller.</summary>
    public static ThreadTeam Single { get; } = new SingleThread();

    private sealed class SingleThread : ThreadTeam
    {
        public override int Size => 1;

        public override void Run(IParallelWork work) => work.Execute(0, 1);
    }
}
