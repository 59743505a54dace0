namespace Dunlin.Communication;

/// <summary>Where each family's processes meet.</summary>
internal static class MeetingPoints
{
    /// <summary>torchrun's port, ours as well where a family names none.</summary>
    private const int DefaultPort = 29500;

    public static MeetingPoint? Of(LaunchFamily family, int rank, LaunchVariables variables) => family switch
    {
        LaunchFamily.Own => variables.Get("DUNLIN_RENDEZVOUS") is { } place ? Parse(place) : null,
        LaunchFamily.Torchrun => variables.Get("MASTER_ADDR") is { } host
            ? new(host, variables.Number("MASTER_PORT", 1, 65535) ?? DefaultPort)
            : null,
        LaunchFamily.Slurm => OfSlurm(variables),
        LaunchFamily.Kubernetes => OfJob(rank, variables),
        _ => null,
    };

    private static MeetingPoint Parse(string place)
    {
        var colon = place.LastIndexOf(':');
        if (colon > 0 && int.TryParse(place[(colon + 1)..], System.Globalization.NumberStyles.None, null, out var port) && port is > 0 and <= 65535)
            return new(place[..colon].Trim('[', ']'), port);
        throw new LaunchException($"DUNLIN_RENDEZVOUS={place}: expected host:port with a port from 1 to 65535.");
    }

    /// <summary>A port from the job's number, so that two jobs on one host do not meet.</summary>
    private static MeetingPoint? OfSlurm(LaunchVariables variables) =>
        variables.Get("SLURM_STEP_NODELIST") is { } nodes && variables.Number("SLURM_JOB_ID", 0, int.MaxValue) is { } job
            ? new(SlurmNodeList.First(nodes), 61440 + job % 4096)
            : null;

    /// <summary>Pods of an Indexed Job are called job-index; our manifest gives the headless service the job's name.</summary>
    private static MeetingPoint? OfJob(int rank, LaunchVariables variables)
    {
        var suffix = $"-{rank}";
        if (variables.Get("HOSTNAME") is not { } pod || !pod.EndsWith(suffix, StringComparison.Ordinal)) return null;
        var job = pod[..^suffix.Length];
        return new($"{job}-0.{job}", DefaultPort);
    }
}
