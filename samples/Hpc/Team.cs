using System.Text.Json;
using Dunlin.Communication;
using Dunlin.Strategies;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Samples.Hpc;

/// <summary>
/// The one place where this lecture says what a rank is: a process, where a launcher has started several (<c>mpirun -n 4</c>) and as many ranks are wanted, else a thread of this one. Everything else
/// sees an <see cref="ICommunicator"/>, and does not notice.
/// </summary>
public static class Team
{
    private static Cluster s_processes = Cluster.Alone();

    /// <summary>Processes that give this lecture together.</summary>
    public static int Processes => s_processes.Size;

    /// <summary>Whether this process is the one that speaks: all others do the same in silence.</summary>
    public static bool Speaks => s_processes.Rank == 0;

    /// <summary>Joins the processes that a launcher has started; none where there was no launcher.</summary>
    /// <returns>To dispose at the end.</returns>
    public static IDisposable Join() => s_processes = Cluster.Join();

    /// <summary>What so many ranks are.</summary>
    public static string Kind(int ranks) => IsProcesses(ranks) ? "processes" : "threads";

    /// <summary>Runs a program on several ranks. All processes come here.</summary>
    /// <returns>What each rank returned, by rank, on every process: numbers, which travel as text that gives every bit back.</returns>
    public static T[] Run<T>(int ranks, Func<ICommunicator, T> program)
    {
        if (!IsProcesses(ranks)) return LocalRanks.Run(ranks, program);
        string[] all = [];
        s_processes.Run(1, team => all = team.AllGatherText(JsonSerializer.Serialize(program(team))));
        return [.. all.Select(text => JsonSerializer.Deserialize<T>(text)!)];
    }

    /// <summary>Data parallel training on several ranks.</summary>
    public static ITrainingStrategy Strategy(int ranks) => IsProcesses(ranks) ? new DataParallel(1, new() { Cluster = s_processes }) : new DataParallel(ranks);

    private static bool IsProcesses(int ranks) => ranks > 1 && ranks == Processes;
}
