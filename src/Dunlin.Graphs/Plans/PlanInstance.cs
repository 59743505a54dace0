using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// A plan with memory to run in: kernels in order, and a table with the address of every operand. One run at a time; several runs of
/// one plan at once take several instances.
/// </summary>
internal sealed unsafe class PlanInstance : IDisposable
{
    private readonly Kernel[] _kernels;
    private readonly int[] _first;
    private readonly NativeBuffer _table;
    private readonly NativeBuffer _arena;
    private readonly nint* _addresses;
    private readonly (int Slot, int Feed, long Offset)[] _fed;
    private readonly nint[] _fetched;
    private readonly (int Feed, long Offset)[] _fetchedFeeds;
    private readonly nint[] _lastFeeds;
    private readonly LoweredStep[] _steps;
    private readonly object[] _alive;

    public PlanInstance(Lowering lowering, IReadOnlyList<TensorType> fetchTypes, int feeds, params object[] alive)
    {
        (FetchTypes, _alive) = (fetchTypes, alive);
        _steps = [.. lowering.Steps];
        ArenaBytes = ArenaLayout.Assign(_steps);
        _arena = NativeBuffer.RentZeroed(ArenaBytes);
        _kernels = [.. _steps.Select(s => s.Kernel)];
        _first = new int[_steps.Length];
        var slots = new List<(Storage? Storage, int Slot)>();
        for (var s = 0; s < _steps.Length; s++)
        {
            _first[s] = slots.Count;
            foreach (var storage in _steps[s].Inputs.Concat(_steps[s].Outputs).Append(_steps[s].Scratch)) slots.Add((storage, slots.Count));
        }
        _table = NativeBuffer.RentZeroed(Math.Max(1, slots.Count) * sizeof(nint));
        _addresses = (nint*)_table.Address;
        foreach (var (storage, slot) in slots)
            if (storage is not null) _addresses[slot] = Address(storage);
        _fed = [.. slots.Where(s => s.Storage?.Root.Feed >= 0).Select(s => (s.Slot, s.Storage!.Root.Feed, s.Storage.RootOffset))];
        _fetched = [.. lowering.Fetches.Select(Address)];
        _fetchedFeeds = [.. lowering.Fetches.Select(f => (f.Root.Feed, f.RootOffset))];
        _lastFeeds = new nint[feeds];
    }

    /// <summary>Bytes of memory for intermediate values.</summary>
    public long ArenaBytes { get; }

    public IReadOnlyList<LoweredStep> Steps => _steps;

    public IReadOnlyList<TensorType> FetchTypes { get; }

    /// <summary>Runs all kernels.</summary>
    /// <param name="feeds">As the plan was made for.</param>
    /// <param name="results">Take the fetches.</param>
    /// <param name="threads">The team.</param>
    /// <param name="observer">Is told of each kernel; null for full speed.</param>
    public void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, ThreadTeam threads, IStepObserver? observer)
    {
        BindFeeds(feeds);
        threads.Enter();
        var (kernels, first) = (_kernels, _first);
        var addresses = _addresses;
        if (observer is null)
        {
            for (var i = 0; i < kernels.Length; i++) kernels[i].Run(addresses + first[i], threads);
        }
        else
        {
            for (var i = 0; i < kernels.Length; i++) Observe(i, threads, observer);
        }
        for (var f = 0; f < results.Length; f++)
        {
            var source = _fetchedFeeds[f].Feed >= 0 ? feeds[_fetchedFeeds[f].Feed].Address + (nint)_fetchedFeeds[f].Offset : _fetched[f];
            Buffer.MemoryCopy((void*)source, (void*)results[f].Address, results[f].Bytes, results[f].Bytes);
        }
        foreach (var feed in feeds) GC.KeepAlive(feed);
        foreach (var result in results) GC.KeepAlive(result);
        GC.KeepAlive(_arena);
        GC.KeepAlive(_table);
        GC.KeepAlive(_alive);
    }

    public void Dispose()
    {
        foreach (var kernel in _kernels) kernel.Dispose();
    }

    private void Observe(int i, ThreadTeam threads, IStepObserver observer)
    {
        observer.Before(i, _steps[i].Name, _steps[i].Operation);
        _kernels[i].Run(_addresses + _first[i], threads);
        var outputs = _first[i] + _steps[i].Inputs.Length;
        for (var o = 0; o < _steps[i].OutputTypes.Length; o++)
        {
            var bytes = _kernels[i].OutputLayout(o).Bytes(_steps[i].OutputTypes[o]);
            observer.After(i, _steps[i].Name, _steps[i].Operation, _steps[i].OutputTypes[o], _addresses[outputs + o], bytes);
        }
    }

    private void BindFeeds(ReadOnlySpan<Tensor> feeds)
    {
        var changed = false;
        for (var i = 0; i < feeds.Length; i++)
        {
            changed |= feeds[i].Address != _lastFeeds[i];
            _lastFeeds[i] = feeds[i].Address;
        }
        if (!changed) return;
        foreach (var (slot, feed, offset) in _fed) _addresses[slot] = _lastFeeds[feed] + (nint)offset;
    }

    private nint Address(Storage storage)
    {
        var root = storage.Root;
        return (root.IsInArena ? _arena.Address + (nint)root.Offset : root.Address) + (nint)storage.RootOffset;
    }
}

/// <summary>Watches a plan's kernels, for diagnostics and profiles.</summary>
public interface IStepObserver
{
    /// <summary>A kernel is about to run.</summary>
    void Before(int index, string node, string operation);

    /// <summary>A kernel has left one of its outputs.</summary>
    /// <param name="index">The kernel's place in the plan.</param>
    /// <param name="node">The node that asked for it.</param>
    /// <param name="operation">What it does.</param>
    /// <param name="type">The output's type.</param>
    /// <param name="address">Its elements, in the layout that the kernel likes.</param>
    /// <param name="bytes">Bytes of memory there.</param>
    void After(int index, string node, string operation, TensorType type, nint address, long bytes);
}
