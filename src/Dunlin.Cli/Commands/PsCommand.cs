using System.CommandLine;
using System.Globalization;
using Dunlin.Cli.Configuration;
using Dunlin.Communication;
using Dunlin.Strategies;
using Dunlin.Training;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin ps serve</c> and <c>dunlin ps work</c>: parameter servers and their workers as processes, which train what <c>dunlin train</c> would.</summary>
internal static class PsCommand
{
    private const string TokenVariable = "DUNLIN_TOKEN";

    public static Command Create(CliHost host) => new("ps", "Parameter servers and workers that are processes, on one machine or several") { Create(host, ServerProcessRole.Server), Create(host, ServerProcessRole.Worker) };

    private static Command Create(CliHost host, ServerProcessRole role)
    {
        var isServer = role == ServerProcessRole.Server;
        var subject = new Argument<string?>("config") { Description = $"a JSON file, or a recipe: {string.Join(", ", Recipe.Names)}; on all processes the same", Arity = ArgumentArity.ZeroOrOne };
        var config = new Option<string?>("--config") { Description = "a JSON file whose values go over those of the recipe", HelpName = "file" };
        var addresses = new Option<string>("--addresses") { Description = "where the servers listen, in the order of their numbers; on all processes the same", HelpName = "host:port,...", Required = true };
        var number = new Option<int?>("--number") { Description = $"which {(isServer ? "server" : "worker")} this is, from 0; the rank that a launcher gives unless given" };
        var token = new Option<string?>("--token-file") { Description = $"a file with the run's token; {TokenVariable} unless given", HelpName = "file" };
        var command = new Command(isServer ? "serve" : "work", isServer ? "Holds a part of the weights, until all workers have ended" : "Trains; worker 0 brings the first weights, reports and saves") { subject, config, addresses, number, token };
        var listen = new Option<string?>("--listen") { Description = "where this server listens, if not where workers reach it; *:7070 is port 7070 of all addresses", HelpName = "host:port" };
        var certificate = new Option<string?>("--certificate") { Description = "its TLS certificate (PEM); required where other machines reach it", HelpName = "file" };
        var key = new Option<string?>("--key") { Description = "the certificate's private key (PEM), if it is in a file of its own", HelpName = "file" };
        var lostAfter = new Option<double?>("--lost-after") { Description = "seconds after which a worker that was cut off is waited for no more, 10 unless given" };
        var logDirectory = new Option<string?>("--log-directory") { Description = "where it writes down what it takes: a server that was killed goes on from there when it is started again", HelpName = "directory" };
        var authority = new Option<string?>("--authority") { Description = "the authorities whose certificates servers may have (PEM)", HelpName = "file" };
        var fingerprint = new Option<string?>("--fingerprint") { Description = "SHA-256 of the one certificate that servers may have", HelpName = "hex" };
        var reconnect = new Option<double?>("--reconnect") { Description = "seconds for which a server that can't be reached is tried, 60 unless given" };
        var json = new Option<bool>("--json") { Description = "events on stdout, one JSON object a line" };
        foreach (var option in isServer ? (Option[])[listen, certificate, key, lostAfter, logDirectory] : [authority, fingerprint, reconnect, json]) command.Options.Add(option);
        var values = SettingOption.AddTo(command);
        command.SetAction(parsed =>
        {
            string? File(Option<string?> option) => parsed.GetValue(option) is { } path ? host.Resolve(path) : null;
            var processes = Failures.Preparing(() => new ServerProcesses
            {
                Role = role,
                Number = parsed.GetValue(number) ?? RankDiscovery.Discover(host.Environment)?.Rank ?? throw new ConfigurationException($"Which {(isServer ? "server" : "worker")} is this? Give --number, from 0."),
                Servers = parsed.GetValue(addresses)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                Token = TokenOf(host, File(token)),
                Tls = isServer ? parsed.GetValue(certificate) is null ? null : new() { CertificateFile = File(certificate), KeyFile = File(key) }
                    : parsed.GetValue(authority) is null && parsed.GetValue(fingerprint) is null ? null : new() { AuthorityFile = File(authority), Fingerprint = parsed.GetValue(fingerprint) },
                Listen = parsed.GetValue(listen),
                LogDirectory = isServer ? File(logDirectory) : null,
                Grace = Seconds(parsed.GetValue(lostAfter), 10),
                Reconnect = Seconds(parsed.GetValue(reconnect), 60),
                Log = line => host.Error.WriteLine(line),
            });
            IEnumerable<(string, string, string)> all = [.. values(parsed), ("strategy.name", "parameter-server", $"dunlin ps {command.Name}")];
            return Run(host, processes, parsed.GetValue(subject), parsed.GetValue(config), all, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(CliHost host, ServerProcesses processes, string? subject, string? config, IEnumerable<(string, string, string)> values, bool asJson)
    {
        using var output = new RankOutput(host, null);
        var cluster = Cluster.Alone();
        var (run, data) = Failures.Preparing(() => TrainCommand.Prepare(host, subject, config, values, _ => cluster, processes));
        using var signals = new StopSignals(host, run.Grace);
        if (processes is { Role: ServerProcessRole.Worker, Number: 0 }) return TrainCommand.Train(output, run, data, cluster, signals, asJson);
        // What worker 0 begins with is the run's.
        var result = new Trainer(run.Recipe(data.Train.Count), run.Options with { Resume = false, Profile = null }).Fit(data.Train, data.Test.Count > 0 ? data.Test : null, signals.Token);
        if (processes.Role == ServerProcessRole.Server)
        {
            host.Out.WriteLine("all workers have ended");
            return signals.Token.IsCancellationRequested ? ExitCode.StartAgain : ExitCode.Done;
        }
        host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(result.Reason == EndReason.Stopped ? "stopped on request" : "done")} after step {result.Steps}"));
        return result.Reason == EndReason.Stopped ? ExitCode.StartAgain : ExitCode.Done;
    }

    /// <summary>Never from the command line, which every user of the machine can read.</summary>
    private static string TokenOf(CliHost host, string? file)
    {
        if (file is null)
            return host.Variable(TokenVariable) ?? throw new ConfigurationException($"Processes of a run know each other by a token, and there is none: set {TokenVariable}, to what `openssl rand -hex 16` prints for example, to the same on all, or give --token-file.");
        try { return System.IO.File.ReadAllText(file).Trim(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new ConfigurationException($"The token's file can't be read: {e.Message}", e); }
    }

    private static TimeSpan Seconds(double? given, double usual) => given is null or (> 0 and <= 86_400) ? TimeSpan.FromSeconds(given ?? usual) : throw new ConfigurationException($"{given} s: expected a number above 0, up to 86400.");
}
