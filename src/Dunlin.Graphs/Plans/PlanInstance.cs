using System.Runtime.InteropServices;

namespace Dunlin.Graphs.Plans;

/// <summary>A plan's routine with memory to run in. One run at a time; several runs of one plan at once take several instances.</summary>
internal sealed unsafe class PlanInstance : IDisposable
{
    private readonly Routine _routine;
    private readonly NativeBuffer _arena;
    private readonly NativeBuffer? _exchanged;
    private readonly object[] _alive;

    /// <param name="routine">What is run.</param>
    /// <param name="fetchTypes">What it gives.</param>
    /// <param name="rent">Gives memory for what ranks exchange, if that lies apart.</param>
    /// <param name="alive">What must live as long.</param>
    public PlanInstance(Routine routine, IReadOnlyList<TensorType> fetchTypes, Func<long, NativeBuffer>? rent, params object[] alive)
    {
        (_routine, FetchTypes, _alive) = (routine, fetchTypes, alive);
        if (routine.ExchangedBytes > 0)
        {
            _exchanged = rent!(routine.ExchangedBytes);
            NativeMemory.Clear((void*)_exchanged.Address, (nuint)routine.ExchangedBytes);
            routine.BindExchanged(_exchanged.Address);
        }
        _arena = NativeBuffer.RentZeroed(routine.ArenaBytes);
        routine.BindArena(_arena.Address);
    }

    /// <summary>Bytes of memory for intermediate values.</summary>
    public long ArenaBytes => _routine.ArenaBytes + _routine.ExchangedBytes;

    public IReadOnlyList<LoweredStep> Steps => _routine.Steps;

    public IReadOnlyList<PlanKernel> Kernels => _routine.Kernels;

    public IReadOnlyList<TensorType> FetchTypes { get; }

    /// <summary>Runs all kernels.</summary>
    /// <param name="feeds">As the plan was made for.</param>
    /// <param name="results">Take the fetches.</param>
    /// <param name="threads">The team.</param>
    /// <param name="observer">Is told of each kernel; null for full speed.</param>
    public void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, ThreadTeam threads, IStepObserver? observer)
    {
        for (var i = 0; i < feeds.Length; i++) _routine.BindFeed(i, feeds[i].Address);
        threads.Enter();
        _routine.Run(threads, observer);
        for (var f = 0; f < results.Length; f++)
            Buffer.MemoryCopy((void*)_routine.Fetched(f), (void*)results[f].Address, results[f].Bytes, results[f].Bytes);
        foreach (var feed in feeds) GC.KeepAlive(feed);
        foreach (var result in results) GC.KeepAlive(result);
        GC.KeepAlive(_arena);
        GC.KeepAlive(_exchanged);
        GC.KeepAlive(_alive);
    }

    public void Dispose() => _routine.Dispose();
}
