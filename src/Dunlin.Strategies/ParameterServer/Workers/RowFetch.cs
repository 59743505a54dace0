using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>Fetches rows from one server: the numbers are parted by what the servers have, each gathers its own, and they are stitched together (Abadi et al., 2016, section 4.2).</summary>
internal sealed class RowFetch
{
    private readonly IServerChannel _server;
    private readonly ServerCall _call;
    private readonly List<(SliceRows Rows, int[] Places, int Request)> _parts = [];

    public RowFetch(IServerChannel server)
    {
        (_server, _call) = (server, server.NewCall());
        _call.PrecedesStep = true;
    }

    /// <summary>Asks for the rows that are there, if some are.</summary>
    public void Ask(ReadOnlySpan<RowRequest> requests)
    {
        _parts.Clear();
        for (var request = 0; request < requests.Length; request++)
        {
            var (learned, numbers, rows) = requests[request];
            long[] wanted = numbers.Type == DType.Int64 ? numbers.ToArray<long>() : [.. numbers.ToArray<int>().Select(n => (long)n)];
            for (var slice = 0; slice < _server.Slices.Count; slice++)
            {
                var held = _server.Slices[slice];
                if (held.Variable != learned) continue;
                int[] places = [.. Enumerable.Range(0, wanted.Length).Where(i => wanted[i] >= held.FirstRow && wanted[i] < held.FirstRow + held.Type.Shape[0])];
                if (places.Length == 0) continue;
                var local = Tensor.From(places.Select(p => wanted[p] - held.FirstRow).ToArray());
                _parts.Add((new(slice, local, Tensor.Uninitialized(rows.Type, held.Type.Shape.With(0, places.Length))), places, request));
            }
        }
        if (_parts.Count == 0) return;
        _call.Rows = [.. _parts.Select(p => p.Rows)];
        _server.Send(_call);
    }

    /// <summary>Waits for them, and puts them where they are wanted.</summary>
    public void Receive(ReadOnlySpan<RowRequest> requests)
    {
        if (_parts.Count == 0) return;
        _server.Await(_call);
        foreach (var (rows, places, request) in _parts) Rows.Stitch(rows.Rows, places, requests[request].Rows);
    }
}
