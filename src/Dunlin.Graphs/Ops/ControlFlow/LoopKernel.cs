using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>A loop in which all iterations have the same shapes.</summary>
internal sealed unsafe class LoopKernel : Kernel, IRunsBodies
{
    private readonly Loop _loop;
    private readonly Subroutine _body;
    private readonly int _inputs;
    private readonly int _length;
    private readonly TensorType[] _parameters;
    private readonly long[] _scannedBytes;
    private readonly long[] _stackedBytes;

    public LoopKernel(Loop loop, PrepareContext context)
    {
        (_loop, _inputs) = (loop, context.Inputs.Count);
        _parameters = loop.ParameterTypes(context.Inputs);
        _length = loop.Trips == Trips.Length ? loop.LengthFor(context.Inputs) : 0;
        var flag = loop.Body.Results.Take(loop.FirstResult);
        _body = new(loop.Body, _parameters, [.. loop.Body.Results.Skip(loop.FirstResult)], [.. flag, .. loop.Stacked], context, changing: loop.Scanned);
        _scannedBytes = [.. _parameters.Skip(loop.States).Take(loop.Scanned).Select(p => p.Bytes)];
        _stackedBytes = [.. _body.FetchTypes.Skip(loop.FirstResult).Select(t => t.Bytes)];
        ScratchBytes = _body.ArenaBytes;
        Bodies = [_body];
    }

    public IReadOnlyList<Subroutine> Bodies { get; }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var states = buffers + _loop.FirstState;
        var scanned = states + _loop.States;
        var captured = scanned + _loop.Scanned;
        var outputs = buffers + _inputs;
        _body.BindArena(ScratchBytes > 0 ? outputs[_loop.CountOutput + _loop.FirstResult] : 0);
        for (var s = 0; s < _loop.States; s++) Copy(states[s], _body.State(s).Address, _parameters[s].Bytes);
        for (var c = 0; c < _inputs - _loop.FirstState - _loop.States - _loop.Scanned; c++) _body.Bind(_loop.Scanned + c, captured[c]);
        var stacked = outputs + _loop.States;
        var iterations = _loop.Trips switch
        {
            Trips.Length => RunLength(scanned, stacked, threads),
            Trips.Count => RunLists(*(long*)buffers[0], false, scanned, stacked, threads),
            _ => RunLists(long.MaxValue, !*(bool*)buffers[0], scanned, stacked, threads),
        };
        for (var s = 0; s < _loop.States; s++) Copy(_body.State(s).Address, outputs[s], _parameters[s].Bytes);
        if (_loop.Trips == Trips.While) *(long*)outputs[_loop.CountOutput] = iterations;
    }

    public override void Dispose()
    {
        _body.Dispose();
        base.Dispose();
    }

    private long RunLength(nint* scanned, nint* stacked, ThreadTeam threads)
    {
        if (_length > 0) _body.RunOnce(threads);
        for (var i = 0; i < _length; i++)
        {
            var at = _loop.Reverse ? _length - 1 - i : i;
            for (var x = 0; x < _scannedBytes.Length; x++) _body.Bind(x, scanned[x] + (nint)(at * _scannedBytes[x]));
            Iterate(i, threads);
            for (var y = 0; y < _stackedBytes.Length; y++) Copy(_body.Fetched(y), stacked[y] + (nint)(at * _stackedBytes[y]), _stackedBytes[y]);
        }
        return _length;
    }

    private long RunLists(long count, bool done, nint* scanned, nint* stacked, ThreadTeam threads)
    {
        var (loop, iterations) = (_loop, 0L);
        var lists = loop.Scanned == 0 ? [] : new TensorList?[loop.Scanned];
        for (var x = 0; x < lists.Length; x++)
        {
            // What is there for its shape only has no address.
            if (scanned[x] != 0) lists[x] = TensorList.At(*(nint*)scanned[x]);
            if (loop.Trips == Trips.While) count = Math.Min(count, lists[x]!.Count);
        }
        var kept = loop.Stacked.Count == 0 ? [] : new TensorList[loop.Stacked.Count];
        for (var y = 0; y < kept.Length; y++) *(nint*)stacked[y] = (kept[y] = new TensorList(_body.FetchTypes[loop.FirstResult + y])).Handle;
        if (!done && count > 0) _body.RunOnce(threads);
        while (!done && iterations < count)
        {
            loop.CheckLimit(iterations);
            var at = loop.Reverse ? count - 1 - iterations : iterations;
            for (var x = 0; x < lists.Length; x++)
                if (lists[x] is { } list) _body.Bind(x, list.Element((int)at, _parameters[loop.States + x]));
            Iterate(iterations, threads);
            for (var y = 0; y < kept.Length; y++) kept[y].Add(_body.FetchTypes[loop.FirstResult + y], _body.Fetched(loop.FirstResult + y));
            if (loop.Trips == Trips.While) done = !*(bool*)_body.Fetched(0);
            iterations++;
        }
        if (loop.Reverse)
            foreach (var list in kept) list.Reverse();
        return iterations;
    }

    private void Iterate(long iteration, ThreadTeam threads)
    {
        try { _body.Run(threads); }
        catch (DunlinException e)
        {
            _loop.At(iteration, e);
            throw;
        }
    }

    private static void Copy(nint from, nint to, long bytes) => Buffer.MemoryCopy((void*)from, (void*)to, bytes, bytes);
}
