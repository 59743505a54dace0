using Dunlin.Cli.Configuration;
using Dunlin.Communication;
using Dunlin.Strategies;
using Dunlin.Training;

namespace Dunlin.Cli.Catalogues;

/// <summary>The ways to spread a run over workers.</summary>
internal static class StrategyCatalogue
{
    /// <summary>Far more than help: a system that runs out of threads ends the process without a word.</summary>
    public const int MostThreads = 1024;

    /// <summary>Of the processes of a run.</summary>
    /// <param name="cluster">Those that a launcher started.</param>
    /// <param name="processes">Those that are parameter servers and workers; null where there are none.</param>
    /// <param name="log">Is told of parameter servers that are processes of the cluster.</param>
    public static Catalogue<ITrainingStrategy> Of(Cluster cluster, ServerProcesses? processes = null, Action<string>? log = null) => new("strategy",
        ("data-parallel", s => new DataParallel((int)s.Long("workers", 1, 1, MostThreads), new()
        {
            BucketBytes = s.OptionalLong("bucketBytes", 4096),
            Cluster = cluster,
            Sharding = ShardingOf(s),
            Compression = CompressionOf(s),
        })),
        ("parameter-server", s => ServersOf(s, cluster, processes, log)),
        ("single", _ => cluster.Size == 1 ? new SingleWorker() : throw new ConfigurationException(
            $"The strategy \"single\" is one worker's, but this run has {cluster.Size} processes ({cluster.Launch!.Family}): start one, or choose another strategy.")));

    private static ParameterServer ServersOf(Section s, Cluster cluster, ServerProcesses? processes, Action<string>? log)
    {
        var servers = (int)s.Long("servers", 1, 1, MostThreads);
        // Of the processes that a launcher has started, those that are no servers are workers.
        var workers = (int)s.Long("workers", cluster.Size > 1 ? Math.Max(1, cluster.Size - servers) : 2, 1, MostThreads);
        return new(workers, new() { Servers = servers, Protocol = ProtocolOf(s), LooksAhead = s.Flag("looksAhead", false), Processes = processes, Cluster = cluster, Log = log });
    }

    private static ServerProtocol ProtocolOf(Section section)
    {
        // All are read, whichever is used: an option of another protocol is no unknown one.
        var (bound, backups, splits, staleness) = ((int)section.Long("bound", 1, 0, int.MaxValue), (int)section.Long("backups", 0, 0, MostThreads), (int)section.Long("splits", 1, 1, MostThreads), StalenessOf(section));
        var (push, fetch, every, most) = (Steps(section, "pushEvery", 1), Steps(section, "fetchEvery", 1), Steps(section, "every", 4), Steps(section, "maximumSteps", 8));
        var (distance, compensation, ownRate) = (section.OptionalNumber("maximumDistance", double.Epsilon) ?? double.PositiveInfinity, section.Number("delayCompensation", 0, 0, double.MaxValue), section.Number("ownRate", 0, 0, double.MaxValue));
        var (pieces, history) = (Steps(section, "batchesPerPiece", 1), Steps(section, "history", 10));
        var own = ownRate > 0 ? Optimizers.Sgd(ownRate) : null;
        return section.Text("protocol", "asynchronous") switch
        {
            "asynchronous" => new ServerProtocol.Asynchronous { Staleness = staleness, PushEvery = push, FetchEvery = fetch, OwnSteps = own, Compensation = compensation > 0 ? new(compensation) : null },
            "try-lock" => new ServerProtocol.TryLock(most) { Staleness = staleness, MaximumDistance = distance, OwnSteps = own },
            "elastic-averaging" => new ServerProtocol.ElasticAveraging(every),
            "soft-synchronous" => new ServerProtocol.SoftSynchronous(splits) { Staleness = staleness },
            "stale-synchronous" => new ServerProtocol.StaleSynchronous(bound),
            "synchronous" => new ServerProtocol.Synchronous(backups),
            "sandblaster" => new ServerProtocol.Sandblaster(pieces) { Search = new() { History = history } },
            _ => throw section.Refuse("protocol", "asynchronous, try-lock, elastic-averaging, soft-synchronous, stale-synchronous, synchronous or sandblaster"),
        };
    }

    private static int Steps(Section section, string key, int unless) => (int)section.Long(key, unless, 1, int.MaxValue);

    private static StalenessRule StalenessOf(Section section)
    {
        var decay = section.Number("stalenessDecay", 0.9, double.Epsilon, 1);
        return section.Text("staleness", "none") switch
        {
            "none" => new StalenessRule.None(),
            "inverse" => new StalenessRule.Inverse(),
            "power" => new StalenessRule.Power(decay),
            _ => throw section.Refuse("staleness", "none, inverse or power"),
        };
    }

    private static ShardingStage ShardingOf(Section section) => section.Text("sharding", "none") switch
    {
        "none" => ShardingStage.None,
        "optimizer" => ShardingStage.OptimizerState,
        "gradients" => ShardingStage.Gradients,
        "parameters" => ShardingStage.Parameters,
        _ => throw section.Refuse("sharding", "none, optimizer, gradients or parameters"),
    };

    /// <summary>Two flat keys: a section of its own in one of a single key would be taken for a strategy of that name.</summary>
    private static GradientCompression CompressionOf(Section section)
    {
        var ratio = section.Number("compressionRatio", 0.01, double.Epsilon, 1);
        return section.Text("compression", "none") switch
        {
            "none" => GradientCompression.None,
            "bfloat16" or "bf16" => GradientCompression.BFloat16,
            "float16" or "fp16" => GradientCompression.Float16,
            "top-k" when ShardingOf(section) <= ShardingStage.OptimizerState => GradientCompression.TopK(ratio),
            "top-k" => throw section.Refuse("compression", "none, bfloat16 or float16 where sharding is gradients or parameters, since top-k chooses among whole gradients"),
            _ => throw section.Refuse("compression", "none, bfloat16, float16 or top-k"),
        };
    }
}
