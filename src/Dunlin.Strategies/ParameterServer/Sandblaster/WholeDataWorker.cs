using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A worker that computes pieces of the data; worker 0 also leads the search.</summary>
/// <param name="rank">Which worker.</param>
/// <param name="protocol">How it is done.</param>
internal sealed class WholeDataWorker(int rank, ServerProtocol.Sandblaster protocol) : IWholeDataUpdate
{
    private IReadOnlyList<ServerLink> _links = [];
    private ServedSpace _space = null!;
    private LbfgsSearch? _search;
    private PieceWork _work = null!;
    private Tensor _measures = null!;
    private long _examples;
    private long _fetched;

    public int BatchesPerPiece => protocol.BatchesPerPiece;

    /// <summary>The worker has reached its servers.</summary>
    public void Join(IReadOnlyList<ServerLink> links) => (_links, _space) = (links, new(links, () => Compute()));

    public void Prepare(int pieces, long examples, int measures, PieceWork work)
    {
        if (pieces > SandblasterDiscipline.MostPieces || measures > SandblasterDiscipline.MostMeasures)
            throw new DunlinException($"The data have {pieces} pieces of {measures} numbers each, and there can be {SandblasterDiscipline.MostPieces} of {SandblasterDiscipline.MostMeasures}: raise {nameof(ServerProtocol.Sandblaster)}.{nameof(BatchesPerPiece)}, or measure less.");
        (_work, _examples, _measures, _space.Work) = (work, examples, Tensor.Zeros(DType.Float64, [measures]), (pieces, measures));
    }

    public bool Iterate(Span<double> measures)
    {
        _search ??= Begin();
        if (_search.Step() is not null)
        {
            _space.Flush();
            return false;
        }
        _space.Measures.CopyTo(measures);
        return true;
    }

    public void Help() => Compute();

    /// <summary>A batch of the piece that is computed: its gradient is kept for those of the others.</summary>
    public void Take(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples)
    {
        foreach (var link in _links) link.Take(gradients, rows, examples, (double)examples / _examples);
    }

    /// <summary>There are no more steps.</summary>
    public void End()
    {
        if (rank == 0) _space.End();
    }

    private LbfgsSearch Begin()
    {
        // A worker 0 that comes again goes on from where the one before was, not from where that was looking.
        if (_space.Evaluations() > 0) _space.Combine(LbfgsSearch.Trial, 1, LbfgsSearch.X, 0, LbfgsSearch.X);
        else _space.Combine(LbfgsSearch.X, 1, LbfgsSearch.Trial, 0, LbfgsSearch.Trial);
        return new(_space, protocol.Search);
    }

    /// <summary>Computes pieces, until there are none.</summary>
    private void Compute()
    {
        while (true)
        {
            var (piece, evaluation) = _links[0].NextPiece();
            if (piece < 0) return;
            if (evaluation != _fetched && !TryFetch(evaluation)) continue;
            _work(piece, _measures.Span<double>());
            // Server 0 last: what is done there is done everywhere.
            for (var i = 1; i < _links.Count; i++) _links[i].PushPiece(evaluation, piece, _measures);
            for (var i = 1; i < _links.Count; i++) _links[i].Receive();
            _links[0].PushPiece(evaluation, piece, _measures);
            _links[0].Receive();
        }
    }

    /// <summary>Takes the weights of an evaluation.</summary>
    /// <returns>False where another one has begun meanwhile.</returns>
    private bool TryFetch(long evaluation)
    {
        foreach (var link in _links) link.Ask();
        foreach (var link in _links) link.Receive();
        if (_links.Any(l => l.Evaluation != evaluation)) return false;
        _fetched = evaluation;
        return true;
    }
}
