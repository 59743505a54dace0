using System.Globalization;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>What a host says when it is asked how many processors it has.</summary>
/// <param name="Host">The host.</param>
/// <param name="Processors">Processors, or null where it does not answer.</param>
/// <param name="Problem">Why it does not, or null.</param>
internal sealed record HostAnswer(LaunchHost Host, int? Processors, string? Problem);

/// <summary>Asks hosts whether they are there, all at once, in bounded time.</summary>
internal sealed class HostProbe(CliHost host, string? shell)
{
    /// <summary>How long a host may take to answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What MPI has been told to reach other hosts by, in its own variables.</summary>
    private static readonly string[] Variables = ["OMPI_MCA_plm_rsh_agent", "PRTE_MCA_plm_ssh_agent", "HYDRA_LAUNCHER_EXEC"];

    /// <summary>Neither asks for a password nor waits for ever.</summary>
    private const string Ssh = "ssh -o BatchMode=yes -o ConnectTimeout=10";

    private string[] Shell { get; } = (shell ?? Variables.Select(host.Variable).FirstOrDefault(value => value is not null) ?? Ssh).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Asks all.</summary>
    /// <returns>Their answers, in the order of the hosts.</returns>
    public IReadOnlyList<HostAnswer> Ask(IEnumerable<LaunchHost> hosts)
    {
        var questions = hosts.Select(one => (Host: one, Answer: new TaskCompletionSource<HostAnswer>())).ToList();
        // A thread for each, as each waits for a process; threads of the pool come one by one.
        foreach (var (one, answer) in questions) new Thread(() => answer.SetResult(Ask(one))) { IsBackground = true, Name = $"Dunlin probe of {one.Name}" }.Start();
        return [.. questions.Select(question => question.Answer.Task.GetAwaiter().GetResult())];
    }

    private HostAnswer Ask(LaunchHost one)
    {
        if (one.IsHere) return new(one, Environment.ProcessorCount, null);
        if (Programs.Find(host, Shell[0]) is not { } program) return new(one, null, $"there is no program {Shell[0]} to reach it by");
        try
        {
            var (code, output, error) = Programs.Run(host, [program, .. Shell[1..], one.Name, "nproc"], Patience);
            var last = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
            return code is null ? new(one, null, $"no answer within {Patience.TotalSeconds:0} s")
                : code == 0 && int.TryParse(output.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var processors) && processors > 0 ? new(one, processors, null)
                : new(one, null, last ?? $"{Shell[0]} {one.Name} nproc gave exit code {code} and \"{output.Trim()}\"");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new(one, null, $"{program} can't be started: {e.Message}");
        }
    }
}
