namespace Dunlin.Communication;

/// <summary>Who started this process and told it its rank.</summary>
public enum LaunchFamily
{
    /// <summary>Dunlin's own options or variables.</summary>
    Own,
    /// <summary>torchrun, Kubeflow's PyTorch operator.</summary>
    Torchrun,
    /// <summary>Open MPI's mpirun.</summary>
    OpenMpi,
    /// <summary>MPICH's or Intel MPI's mpiexec.</summary>
    Mpich,
    /// <summary>MVAPICH.</summary>
    Mvapich,
    /// <summary>SLURM's srun.</summary>
    Slurm,
    /// <summary>A Kubernetes Indexed Job.</summary>
    Kubernetes,
}

/// <summary>Where the processes of a run find each other.</summary>
/// <param name="Host">A name or address.</param>
/// <param name="Port">From 1 to 65535.</param>
public readonly record struct MeetingPoint(string Host, int Port)
{
    /// <summary>host:port.</summary>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>This process among the processes of its run.</summary>
/// <param name="Rank">From 0 to <paramref name="Size"/> − 1.</param>
/// <param name="Size">Processes, at least 1.</param>
/// <param name="LocalRank">Among those on this host, or null: to be counted from equal host names once the ranks have met.</param>
/// <param name="LocalSize">Processes on this host, or null as well.</param>
/// <param name="Family">Where the numbers come from.</param>
/// <param name="MeetingPoint">Where to meet, or null where MPI sees to that or nothing is said.</param>
public sealed record LaunchInfo(int Rank, int Size, int? LocalRank, int? LocalSize, LaunchFamily Family, MeetingPoint? MeetingPoint);

/// <summary>Rank and size as given by options; they come before DUNLIN_RANK and DUNLIN_WORLD_SIZE.</summary>
/// <param name="Rank"><c>--rank</c>.</param>
/// <param name="WorldSize"><c>--world-size</c>.</param>
public sealed record LaunchOptions(string? Rank = null, string? WorldSize = null);

/// <summary>The environment of the launch contradicts itself. The message names the variables.</summary>
public sealed class LaunchException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public LaunchException(string message) : base(message) { }
}
