namespace Dunlin.Strategies;

/// <summary>
/// The pieces of an evaluation: which are done, and who computes which. Where none is left to begin, one that is not done is given to a second worker as well, the one that was begun first: what comes first counts, and nobody waits for
/// the slowest (backup tasks: Dean et al., 2012).
/// </summary>
internal sealed class PieceQueue
{
    /// <summary>How many workers may compute a piece at the same time.</summary>
    private const int MostHolders = 2;

    private readonly List<int>[] _holders;
    private readonly long[] _begunAt;
    private readonly bool[] _isDone;
    private long _begun;

    public PieceQueue(int count) => (_holders, _begunAt, _isDone, Left) = ([.. Enumerable.Range(0, count).Select(_ => new List<int>())], new long[count], new bool[count], count);

    public int Count => _isDone.Length;

    /// <summary>How many are not done.</summary>
    public int Left { get; private set; }

    /// <summary>Who computes pieces that are not done.</summary>
    public IEnumerable<int> Holders => _holders.Where((_, i) => !_isDone[i]).SelectMany(h => h).Distinct();

    public bool IsDone(int piece) => _isDone[piece];

    /// <summary>Gives a worker a piece: the one that it has not given back yet, if there is one.</summary>
    /// <returns>Its number; null where there is nothing that it could do.</returns>
    public int? Take(int worker)
    {
        int? unbegun = null, oldest = null;
        for (var piece = 0; piece < Count; piece++)
        {
            if (_isDone[piece]) continue;
            if (_holders[piece].Contains(worker)) return piece;
            if (_holders[piece].Count == 0) unbegun ??= piece;
            else if (_holders[piece].Count < MostHolders && (oldest is not { } other || _begunAt[piece] < _begunAt[other])) oldest = piece;
        }
        if ((unbegun ?? oldest) is not { } taken) return null;
        if (_holders[taken].Count == 0) _begunAt[taken] = _begun++;
        _holders[taken].Add(worker);
        return taken;
    }

    /// <summary>Notes that a piece is done.</summary>
    /// <returns>Whether it is so for the first time.</returns>
    public bool Finish(int piece)
    {
        if (_isDone[piece]) return false;
        Left--;
        return _isDone[piece] = true;
    }

    /// <summary>A worker has gone: others do what it had begun.</summary>
    public void Release(int worker)
    {
        foreach (var holders in _holders) holders.Remove(worker);
    }
}
