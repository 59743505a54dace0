using Dunlin.Cli.Progress;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>Starts the ranks, and starts them again when one was lost.</summary>
internal sealed class Supervisor(CliHost host, LaunchSettings settings, MpiLauncher mpi)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Between looks at hosts that others than this one's kernel must vouch for.</summary>
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(30);

    /// <summary>Before a new start, for what the last one leaves in the network to go.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>How long MPICH's other ranks may go on when one has ended with an error: its launcher would let them wait for ever, where Open MPI's ends them.</summary>
    private static readonly TimeSpan AfterTheFirst = TimeSpan.FromSeconds(5);

    private readonly HostProbe _probe = new(host, settings.Shell);

    /// <summary>Runs to the end.</summary>
    /// <returns>One of <see cref="ExitCode"/>, or the command's own.</returns>
    public int Run()
    {
        Placement.Check(settings);
        var run = TrainedRun.Of(host, settings.Command);
        using var signals = new LaunchSignals(host);
        for (var start = 1; ; start++)
        {
            if (Gather() is not { } placement) return ExitCode.PeerFailed;
            if (start > 1) Say($"start {start} of {settings.MaxRestarts + 1}: {Describe(placement)}{(run is null ? "" : $", {run.From()}")}.");
            var (code, silent) = Execute(Job(placement, run, start), signals);
            if (signals.IsForced) return ExitCode.Interrupted;
            if (signals.IsAsked) return code;
            var gone = silent ?? (Outcome.MayBeLostHost(code) && !Outcome.IsLost(code) ? Silent(placement) : null);
            if (gone is null && !Outcome.IsLost(code)) return code;
            var why = gone is null ? Outcome.Describe(code) : $"{gone.Host.Name} does not answer: {gone.Problem}";
            if (start > settings.MaxRestarts)
            {
                Say($"a rank was lost ({why}){(settings.MaxRestarts == 0 ? "; --max-restarts N starts again after that" : $", and {Format.Count(settings.MaxRestarts, "restart")} did not help")}.");
                return ExitCode.PeerFailed;
            }
            Say($"start {start} of {settings.MaxRestarts + 1} has lost a rank ({why}); starting again.");
            signals.Pause(Rest);
            if (signals.IsAsked) return ExitCode.PeerFailed;
        }
    }

    /// <summary>What all ranks of one start are given.</summary>
    internal MpiJob Job(Placement placement, TrainedRun? run, int start)
    {
        run?.Check(placement.Ranks);
        string? logs = null;
        if (settings.LogDirectory is { } directory) Directory.CreateDirectory(logs = Path.Combine(host.Resolve(directory), $"start-{start}"));
        return new(placement,
            [.. run is null ? [] : new[] { run.Variable }, .. start > 1 ? [("DUNLIN__Run__Resume", "true")] : Array.Empty<(string, string)>()],
            TrainedRun.Resolve(settings.Command))
        {
            LogDirectory = logs,
            Bind = settings.Bind,
            AsRoot = Environment.IsPrivilegedProcess,
            Shell = settings.Shell,
            More = settings.MpiArguments,
        };
    }

    /// <summary>The hosts that answer, with their ranks; null where they are too few.</summary>
    private Placement? Gather()
    {
        var answers = _probe.Ask(settings.Hosts);
        foreach (var answer in answers.Where(answer => answer.Problem is not null)) Say($"{answer.Host.Name} is left out: {answer.Problem}.");
        var hosts = answers.Where(answer => answer.Processors is not null).Select(answer => (answer.Host, answer.Processors!.Value)).ToList();
        if (hosts.Count >= settings.MinHosts) return Placement.Of(settings, hosts);
        Say($"{hosts.Count} of {Format.Count(answers.Count, "host")} answer, and --nnodes wants at least {settings.MinHosts}: not started.");
        return null;
    }

    /// <summary>Waits for the ranks' end, and sees to it that it comes.</summary>
    /// <returns>The exit code, and the host that fell silent, if that was the reason.</returns>
    private (int Code, HostAnswer? Silent) Execute(MpiJob job, LaunchSignals signals)
    {
        var codes = mpi.Family == MpiFamily.Mpich ? Path.Combine(host.Directory, $".dunlin-launch-{Environment.ProcessId}.codes") : null;
        var told = codes is null ? job : job with { Command = RankCodes.Wrap(codes, job.Command) };
        using var running = new RunningJob(host, [mpi.Path, .. MpiCommandLine.Of(mpi.Family, told)]);
        signals.Attach(running);
        try
        {
            long? firstEnd = null;
            var watch = new HostWatch(job.Placement, () => Silent(job.Placement), WatchEvery, host.Clock);
            while (true)
            {
                if (running.WaitForExit(Tick) is { } code) return ((codes is null ? null : RankCodes.Take(codes)) ?? Outcome.Normalize(mpi.Family, code), null);
                if (codes is not null && File.Exists(codes) && host.Clock.GetElapsedTime(firstEnd ??= host.Clock.GetTimestamp()) > AfterTheFirst)
                {
                    running.End();
                    return (RankCodes.Take(codes) ?? ExitCode.Failed, null);
                }
                if (signals.IsForced || signals.SinceAsked > settings.Grace)
                {
                    if (!signals.IsForced) Say($"the ranks have not ended within {settings.Grace.TotalSeconds:0} s: ending them. Allow more by --grace.");
                    running.End();
                    return (ExitCode.Failed, null);
                }
                if (watch.Silent is not { } silent) continue;
                running.End();
                return (ExitCode.PeerFailed, silent);
            }
        }
        finally
        {
            signals.Attach(null);
            if (codes is not null) File.Delete(codes);
        }
    }

    /// <summary>A host of the run that does not answer, or null.</summary>
    private HostAnswer? Silent(Placement placement) => _probe.Ask(placement.Seats.Select(seats => seats.Host)).FirstOrDefault(answer => answer.Problem is not null);

    private static string Describe(Placement placement) =>
        $"{Format.Count(placement.Ranks, "rank")} on {string.Join(", ", placement.Seats.Select(seats => seats.Host.Name))}, {Format.Count(placement.Threads, "thread")} each";

    private void Say(string text) => host.Error.WriteLine($"dunlin launch: {text}");
}
