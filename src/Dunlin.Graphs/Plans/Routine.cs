using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Kernels in order, and a table with the address of every operand. The arena and the feeds lie where the caller says; binding them
/// again to the same places costs next to nothing. One run at a time.
/// </summary>
internal sealed unsafe class Routine : IDisposable
{
    private readonly Kernel[] _kernels;
    private readonly int[] _first;
    private readonly NativeBuffer _table;
    private readonly nint* _addresses;
    private readonly (int Slot, long Offset)[] _inArena;
    private readonly (int Slot, long Offset)[][] _fed;
    private readonly Storage[] _fetches;
    private readonly nint[] _feeds;
    private readonly LoweredStep[] _steps;
    private nint _arena;

    /// <summary>Decides where in the arena everything lies.</summary>
    /// <param name="lowering">The kernels.</param>
    /// <param name="feeds">How many feeds there are.</param>
    public Routine(Lowering lowering, int feeds)
    {
        _steps = [.. lowering.Steps];
        ArenaBytes = ArenaLayout.Assign(_steps);
        _kernels = [.. _steps.Select(s => s.Kernel)];
        _first = new int[_steps.Length];
        var slots = new List<(Storage Storage, int Slot)>();
        var count = 0;
        for (var s = 0; s < _steps.Length; s++)
        {
            _first[s] = count;
            foreach (var storage in _steps[s].Inputs.Concat(_steps[s].Outputs).Append(_steps[s].Scratch))
            {
                if (storage is not null) slots.Add((storage, count));
                count++;
            }
        }
        _table = NativeBuffer.RentZeroed(Math.Max(1, count) * sizeof(nint));
        _addresses = (nint*)_table.Address;
        foreach (var (storage, slot) in slots.Where(s => s.Storage.Root is { IsInArena: false, Feed: < 0 })) _addresses[slot] = storage.Root.Address + (nint)storage.RootOffset;
        _inArena = [.. slots.Where(s => s.Storage.Root.IsInArena).Select(s => (s.Slot, s.Storage.Root.Offset + s.Storage.RootOffset))];
        var fed = slots.Where(s => s.Storage.Root.Feed >= 0).ToLookup(s => s.Storage.Root.Feed, s => (s.Slot, s.Storage.RootOffset));
        _fed = [.. Enumerable.Range(0, feeds).Select(f => fed[f].ToArray())];
        _fetches = [.. lowering.Fetches];
        _feeds = new nint[feeds];
    }

    /// <summary>Bytes of memory for intermediate values.</summary>
    public long ArenaBytes { get; }

    public IReadOnlyList<LoweredStep> Steps => _steps;

    /// <summary>Says where intermediate values lie.</summary>
    public void BindArena(nint address)
    {
        if (address == _arena) return;
        _arena = address;
        foreach (var (slot, offset) in _inArena) _addresses[slot] = address + (nint)offset;
    }

    /// <summary>Says where a feed lies.</summary>
    public void BindFeed(int feed, nint address)
    {
        if (address == _feeds[feed]) return;
        _feeds[feed] = address;
        foreach (var (slot, offset) in _fed[feed]) _addresses[slot] = address + (nint)offset;
    }

    /// <summary>Where a fetch's plain elements are after a run.</summary>
    public nint Fetched(int index)
    {
        var root = _fetches[index].Root;
        return (root.Feed >= 0 ? _feeds[root.Feed] : root.IsInArena ? _arena + (nint)root.Offset : root.Address) + (nint)_fetches[index].RootOffset;
    }

    /// <summary>Runs all kernels.</summary>
    /// <exception cref="DunlinException">A kernel met something that it can't compute with; the message names its node.</exception>
    public void Run(ThreadTeam threads)
    {
        var (kernels, first) = (_kernels, _first);
        var addresses = _addresses;
        var i = 0;
        try
        {
            for (; i < kernels.Length; i++) kernels[i].Run(addresses + first[i], threads);
        }
        catch (DunlinException e)
        {
            e.At(_steps[i].Name);
            throw;
        }
        GC.KeepAlive(this);
    }

    /// <summary>Runs all kernels and tells of each.</summary>
    public void Run(ThreadTeam threads, IStepObserver observer)
    {
        for (var i = 0; i < _kernels.Length; i++)
        {
            observer.Before(i, _steps[i].Name, _steps[i].Operation);
            Run(i, threads);
            var outputs = _first[i] + _steps[i].Inputs.Length;
            for (var o = 0; o < _steps[i].OutputTypes.Length; o++)
            {
                var bytes = _kernels[i].OutputLayout(o).Bytes(_steps[i].OutputTypes[o]);
                observer.After(i, _steps[i].Name, _steps[i].Operation, _steps[i].OutputTypes[o], _addresses[outputs + o], bytes);
            }
        }
    }

    private void Run(int step, ThreadTeam threads)
    {
        try { _kernels[step].Run(_addresses + _first[step], threads); }
        catch (DunlinException e)
        {
            e.At(_steps[step].Name);
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var kernel in _kernels) kernel.Dispose();
    }
}
