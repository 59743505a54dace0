using Dunlin.Cli.Configuration;
using Dunlin.Training;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Commands;

/// <summary>A trained model with the configuration of the run that it comes from.</summary>
internal sealed class TrainedModel : IDisposable
{
    private TrainedModel(RunConfiguration run, Field input, Predictor predictor, int threads) => (Run, Input, Predictor, Threads) = (run, input, predictor, threads);

    public RunConfiguration Run { get; }

    public Predictor Predictor { get; }

    /// <summary>Threads of its kernels.</summary>
    public int Threads { get; }

    /// <summary>What the model takes.</summary>
    public Field Input { get; }

    /// <summary>Loads a run's newest good checkpoint, or one checkpoint.</summary>
    /// <param name="host">The world outside.</param>
    /// <param name="path">As typed.</param>
    /// <param name="options">Values over those of the run.</param>
    public static TrainedModel Load(CliHost host, string path, IEnumerable<(string, string, string)> options)
    {
        var full = host.Resolve(path);
        if (!Directory.Exists(full) && !File.Exists(full)) throw new ConfigurationException($"{path}: there is no such run or checkpoint.");
        var home = CheckpointPath.RunOf(full);
        var run = new RunConfiguration(ConfigurationSources.JoinRun(home, options), host, Path.GetFileName(home));
        var input = run.Data.Input(host);
        // One worker's threads are for many workers; here there is one.
        var threads = Math.Max(run.Options.ThreadsPerWorker ?? 1, Communication.RankDiscovery.ThreadsPerRank(host.Environment, Environment.ProcessorCount, 1));
        var predictor = new Predictor(run.Model, input, new() { Kernels = run.Options.Kernels, Threads = threads });
        try
        {
            predictor.Load(File.Exists(full) ? full : CheckpointPath.Find(host, full).Directory);
            return new(run, input, predictor, threads);
        }
        catch
        {
            predictor.Dispose();
            throw;
        }
    }

    public void Dispose() => Predictor.Dispose();
}
