using Dunlin.Communication;

namespace Dunlin.Strategies.Tests;

/// <summary>Where the ranks of a run are.</summary>
/// <param name="Name">For tests and files.</param>
/// <param name="Processes">At least 2.</param>
/// <param name="Threads">Ranks of each process.</param>
/// <param name="Hosts">On how many hosts the processes are said to be, side by side; 0 where they share no memory, so that everything goes through MPI.</param>
internal sealed record Way(string Name, int Processes, int Threads = 1, int Hosts = 0)
{
    /// <summary>All of them, in the order in which a run goes through those of its number of processes: memory that is shared stays so.</summary>
    public static IReadOnlyList<Way> All { get; } =
    [
        .. Enumerable.Range(2, 3).Select(n => new Way($"MPI, {n} processes", n)),
        .. Enumerable.Range(2, 3).Select(n => new Way($"shared memory, {n} processes", n, Hosts: 1)),
        new("shared memory, 2 processes of 2 threads", 2, Threads: 2, Hosts: 1) { Cases = Few },
        new("2 hosts, 2 processes of 2 threads", 2, Threads: 2, Hosts: 2) { Cases = Few },
        new("2 hosts, 4 processes", 4, Hosts: 2) { Cases = Few },
    ];

    /// <summary>Few cases that have every kind of exchange between them.</summary>
    public static IReadOnlyList<TrainingCase> Few => [.. TrainingCase.All.Where(c => c.IsOfFew)];

    /// <summary>What is trained so.</summary>
    public IReadOnlyList<TrainingCase> Cases { get; private init; } = TrainingCase.All;

    public int Ranks => Processes * Threads;

    /// <summary>Whether sums are formed in the order of the ranks, as between threads: always within a host, and of two there is only one order.</summary>
    public bool SumsAsThreads => Hosts == 1 || Ranks == 2;

    /// <summary>The way of a name.</summary>
    public static Way Of(string name) => All.Single(w => w.Name == name);

    /// <summary>Lets the processes meet as this says. All come here.</summary>
    public void Arrange(Cluster cluster)
    {
        if (Hosts > 0) cluster.ShareMemory([.. Enumerable.Range(0, Processes).Select(p => $"host {p * Hosts / Processes}")]);
    }
}
