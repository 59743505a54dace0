namespace Dunlin.Training.Checkpoints;

/// <summary>
/// Which worker writes which tensor of a group, so that all write about as much: the largest first, each to who has least. The files hold whole tensors and so do not depend on how many
/// workers there are when they are read.
/// </summary>
internal sealed class Placement
{
    private readonly string _group;
    private readonly int _files;
    private readonly int _first;

    /// <summary>Places tensors.</summary>
    /// <param name="group">The group's name.</param>
    /// <param name="tensors">Names and sizes, in the same order on all workers.</param>
    /// <param name="workers">How many write at most; where it is one, there is one file and no index.</param>
    /// <param name="first">The first of them.</param>
    public Placement(string group, IReadOnlyList<(string Name, long Bytes)> tensors, int workers, int first = 0)
    {
        (_group, _first) = (group, first);
        _files = Math.Clamp(tensors.Count, 1, workers);
        var (owners, loads) = (new int[tensors.Count], new long[_files]);
        foreach (var i in Enumerable.Range(0, owners.Length).OrderByDescending(i => tensors[i].Bytes))
        {
            var least = Array.IndexOf(loads, loads.Min());
            // Empty tensors count, too: every file holds something.
            loads[least] += Math.Max(1, tensors[i].Bytes);
            owners[i] = first + least;
        }
        (Owners, TotalBytes) = (owners, tensors.Sum(t => t.Bytes));
        Files = tensors.Zip(owners).ToDictionary(p => p.First.Name, p => FileOf(p.Second)!);
    }

    /// <summary>For each tensor, the worker that writes it.</summary>
    public IReadOnlyList<int> Owners { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes { get; }

    /// <summary>For each tensor's name, its file.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The index of the files; null where there is one only.</summary>
    public string? Index => _files == 1 ? null : _group + Checkpoint.IndexExtension;

    /// <summary>The file that a worker writes; null where it has none.</summary>
    public string? FileOf(int worker) => (worker - _first) is var part && (part < 0 || part >= _files) ? null
        : _files == 1 ? _group + Checkpoint.Extension
        : $"{_group}-{part + 1:00000}-of-{_files:00000}{Checkpoint.Extension}";
}
