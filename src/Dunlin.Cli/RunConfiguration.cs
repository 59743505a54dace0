using Dunlin.Cli.Catalogues;
using Dunlin.Cli.Configuration;
using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Strategies;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Cli;

/// <summary>A configuration that has been read and understood: what a run consists of.</summary>
internal sealed class RunConfiguration
{
    private readonly Func<Func<double, Schedule>, Optimizer> _optimizer;
    private readonly ScheduleChoice _schedule;

    /// <summary>Reads a configuration to its last key.</summary>
    /// <param name="settings">All sources joined.</param>
    /// <param name="host">Environment and directory.</param>
    /// <param name="usualName">The run's name where the configuration has none.</param>
    /// <param name="join">Joins the processes of the run; none are joined unless given.</param>
    /// <param name="processes">Which process this is, where parameter servers and workers are processes.</param>
    /// <exception cref="ConfigurationException">A key is unknown or missing, or a value does not fit.</exception>
    public RunConfiguration(Group settings, CliHost host, string usualName, Func<ClusterOptions, Cluster>? join = null, ServerProcesses? processes = null)
    {
        Root = new Section(settings);
        var cluster = (join ?? Cluster.Alone)(Root.Child("cluster", s => new ClusterOptions
        {
            Timeout = TimeSpan.FromSeconds(s.Number("timeout", 300, 0.001)),
            Silence = TimeSpan.FromSeconds(s.Number("silence", 4, 1)),
            CheckCalls = s.Flag("checkCalls", false),
            SharedMemory = s.Flag("sharedMemory", true),
            Output = host.LastWords,
        }));
        Data = Root.Choose("data", DataCatalogue.All);
        Model = Root.Choose("model", ModelCatalogue.All);
        Loss = Root.Choose("loss", MeasureCatalogue.Losses, "cross-entropy");
        Metrics = Root.ChooseMany("metrics", MeasureCatalogue.Metrics);
        _optimizer = Root.Choose("optimizer", OptimizerCatalogue.All, "adam");
        _schedule = Root.Choose("schedule", ScheduleCatalogue.All, "constant");
        var strategy = Root.Choose("strategy", StrategyCatalogue.Of(cluster, processes, host.Error.WriteLine), "data-parallel");
        (Name, RunDirectory, var resume, Grace) = Root.Child("run", s =>
            (s.Text("name", usualName)!, s.Text("directory"), s.Flag("resume", false), TimeSpan.FromSeconds(s.Number("grace", 30, 0, 86_400))));
        var (every, keep) = Root.Child("checkpoints", s => (s.Int("every", 0, least: 0), s.Int("keep", 3)));
        // Whoever says how many steps wants them.
        var profile = Root.Child("profile", s => s.OptionalLong("steps", most: int.MaxValue) is var steps && s.Int("skip", 5, least: 0) is var skip && s.Flag("enabled", steps is not null)
            ? new ProfileOptions { Steps = (int)(steps ?? 20), Skip = skip }
            : null);
        Options = Root.Child("training", s => new TrainerOptions
        {
            Epochs = s.Int("epochs", 1),
            BatchSize = s.Int("batchSize", 64),
            GradientAccumulationSteps = s.Int("accumulate", 1),
            SyncBatchNorm = s.Flag("syncBatchNorm", false),
            ValidationBatchSize = s.Int("validationBatchSize", 256),
            Seed = (ulong)s.Long("seed", 0, 0),
            MaxSteps = s.OptionalLong("maxSteps"),
            Monitor = MonitorOf(s),
            EarlyStopPatience = (int?)s.OptionalLong("patience", most: int.MaxValue),
            Kernels = Failures.Preparing(() => KernelSets.Resolve(s.Text("kernels") ?? host.Variable("DUNLIN_KERNELS"))),
            Precision = PrecisionOf(s),
            ThreadsPerWorker = (int?)s.OptionalLong("threads", most: StrategyCatalogue.MostThreads) ?? RankDiscovery.ThreadsPerRank(host.Environment, cluster.Processors, strategy.LocalWorkers),
            LargeVariables = LargeVariablesOf(s, host),
            Augmentations = Data.Augmentations,
            Strategy = strategy,
            Profile = profile,
            CheckpointEvery = every,
            KeepCheckpoints = keep,
            Resume = resume,
            Clock = host.Clock,
        });
        Root.Close();
    }

    /// <summary>Which of the known types a run may take, the options say.</summary>
    private static DType PrecisionOf(Section section) => section.Text("precision", "float32") switch
    {
        "float32" => DType.Float32,
        "bfloat16" or "bf16" => DType.BFloat16,
        "float16" => DType.Float16,
        _ => throw section.Refuse("precision", "float32 or bfloat16"),
    };

    private static LargeVariables? LargeVariablesOf(Section section, CliHost host)
    {
        var (directory, from) = (section.Text("largeVariables"), section.OptionalLong("largeVariablesFrom"));
        if (directory is null) return from is null ? null : throw section.Refuse("largeVariablesFrom", "left out where largeVariables names no directory");
        var large = new LargeVariables(host.Resolve(directory));
        return from is { } bytes ? large with { FromBytes = bytes } : large;
    }

    private string? MonitorOf(Section section)
    {
        string[] known = ["loss", .. Metrics.Select(metric => metric.Name)];
        var monitor = section.Text("monitor");
        return monitor is null || known.Contains(monitor) ? monitor : throw section.Refuse("monitor", $"one of {string.Join(", ", known)}");
    }

    /// <summary>Every value with its source.</summary>
    public Section Root { get; }

    /// <summary>The run's name.</summary>
    public string Name { get; }

    public DataChoice Data { get; }

    public Layer Model { get; }

    public LossChoice Loss { get; }

    public IReadOnlyList<Metric> Metrics { get; }

    /// <summary>Everything for the trainer but its directory and observers.</summary>
    public TrainerOptions Options { get; }

    /// <summary>The directory that was asked for, or null.</summary>
    public string? RunDirectory { get; }

    /// <summary>How long a stopped run may take to save its checkpoint.</summary>
    public TimeSpan Grace { get; }

    /// <summary>What the trainer trains, when it is known on how many examples.</summary>
    public TrainingRecipe Recipe(int examples)
    {
        var perEpoch = (examples + Options.BatchSize - 1) / Options.BatchSize;
        var horizon = new Horizon(Math.Min((long)perEpoch * Options.Epochs, Options.MaxSteps ?? long.MaxValue), perEpoch, Options.BatchSize);
        return new TrainingRecipe(Model, Loss.Loss, _optimizer(rate => _schedule(rate, horizon)), [.. Metrics]);
    }
}
