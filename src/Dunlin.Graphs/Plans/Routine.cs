using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Kernels in order, and a table with the address of every operand. The arena and the feeds lie where the caller says; binding them
/// again to the same places costs next to nothing. One run at a time.
/// </summary>
internal sealed unsafe class Routine : IDisposable
{
    private readonly Kernel[] _kernels;
    private readonly PlanKernel[] _about;
    private readonly int[] _first;
    private readonly NativeBuffer _table;
    private readonly nint* _addresses;
    private readonly (int Slot, long Offset)[] _inArena;
    private readonly (int Slot, long Offset)[] _exchanged;
    private readonly (int Slot, long Offset)[][] _fed;
    private readonly Storage[] _fetches;
    private readonly nint[] _feeds;
    private readonly LoweredStep[] _steps;
    private readonly int _once;
    private nint _arena;
    private nint _exchange;

    /// <summary>Decides where in the arena everything lies.</summary>
    /// <param name="lowering">The kernels.</param>
    /// <param name="feeds">How many feeds there are.</param>
    /// <param name="apart">Whether what ranks exchange lies apart from the arena.</param>
    public Routine(Lowering lowering, int feeds, bool apart = false)
    {
        (_steps, _once) = ([.. lowering.Steps], lowering.OnceCount);
        (ArenaBytes, ExchangedBytes) = ArenaLayout.Assign(_steps, apart);
        _kernels = [.. _steps.Select(s => s.Kernel)];
        _about = [.. _steps.Select(s => new PlanKernel(s))];
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
        var inArena = slots.Where(s => s.Storage.Root.IsInArena).ToLookup(s => s.Storage.Root.IsExchanged, s => (s.Slot, s.Storage.Root.Offset + s.Storage.RootOffset));
        (_inArena, _exchanged) = ([.. inArena[false]], [.. inArena[true]]);
        var fed = slots.Where(s => s.Storage.Root.Feed >= 0).ToLookup(s => s.Storage.Root.Feed, s => (s.Slot, s.Storage.RootOffset));
        _fed = [.. Enumerable.Range(0, feeds).Select(f => fed[f].ToArray())];
        _fetches = [.. lowering.Fetches];
        _feeds = new nint[feeds];
    }

    /// <summary>Bytes of memory for intermediate values.</summary>
    public long ArenaBytes { get; }

    /// <summary>Bytes of memory for what ranks exchange.</summary>
    public long ExchangedBytes { get; }

    public IReadOnlyList<LoweredStep> Steps => _steps;

    public IReadOnlyList<PlanKernel> Kernels => _about;

    /// <summary>Says where intermediate values lie.</summary>
    public void BindArena(nint address)
    {
        if (address == _arena) return;
        _arena = address;
        foreach (var (slot, offset) in _inArena) _addresses[slot] = address + (nint)offset;
    }

    /// <summary>Says where what ranks exchange lies.</summary>
    public void BindExchanged(nint address)
    {
        _exchange = address;
        foreach (var (slot, offset) in _exchanged) _addresses[slot] = address + (nint)offset;
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
        return (root.Feed >= 0 ? _feeds[root.Feed] : root.IsInArena ? (root.IsExchanged ? _exchange : _arena) + (nint)root.Offset : root.Address) + (nint)_fetches[index].RootOffset;
    }

    /// <summary>Runs the kernels whose operands last: once, before the first of the runs that read what they leave.</summary>
    /// <param name="threads">The team.</param>
    /// <param name="observer">Is told of each kernel; null for full speed.</param>
    public void RunOnce(ThreadTeam threads, IStepObserver? observer) => Run(0, _once, threads, observer);

    /// <summary>Runs all other kernels.</summary>
    /// <param name="threads">The team.</param>
    /// <param name="observer">Is told of each kernel, and of those in the bodies that they run; null for full speed.</param>
    /// <exception cref="DunlinException">A kernel met something that it can't compute with; the message names its node.</exception>
    public void Run(ThreadTeam threads, IStepObserver? observer) => Run(_once, _kernels.Length, threads, observer);

    private void Run(int begin, int end, ThreadTeam threads, IStepObserver? observer)
    {
        if (observer is null) Run(begin, end, threads);
        else
            for (var i = begin; i < end; i++)
            {
                observer.Before(_about[i]);
                Run(i, threads, observer);
                observer.After(_about[i], new(_addresses + _first[i] + _steps[i].Inputs.Length, _about[i].Outputs.Count));
            }
        GC.KeepAlive(this);
    }

    private void Run(int begin, int end, ThreadTeam threads)
    {
        var (kernels, first) = (_kernels, _first);
        var addresses = _addresses;
        var i = begin;
        try
        {
            for (; i < end; i++) kernels[i].Run(addresses + first[i], threads);
        }
        catch (DunlinException e)
        {
            e.At(_steps[i].Name);
            throw;
        }
    }

    private void Run(int step, ThreadTeam threads, IStepObserver observer)
    {
        var bodies = _kernels[step] is IRunsBodies runs ? runs.Bodies : [];
        foreach (var body in bodies) body.Observer = observer;
        try { _kernels[step].Run(_addresses + _first[step], threads); }
        catch (DunlinException e)
        {
            e.At(_steps[step].Name);
            throw;
        }
        finally
        {
            foreach (var body in bodies) body.Observer = null;
        }
    }

    public void Dispose()
    {
        foreach (var kernel in _kernels) kernel.Dispose();
    }
}
