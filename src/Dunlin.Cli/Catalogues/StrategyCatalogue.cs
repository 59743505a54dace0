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
    public static Catalogue<ITrainingStrategy> Of(Cluster cluster) => new("strategy",
        ("data-parallel", s => new DataParallel((int)s.Long("workers", 1, 1, MostThreads), new()
        {
            BucketBytes = s.Long("bucketBytes", 1 << 20, 4096),
            Cluster = cluster,
            Sharding = ShardingOf(s),
        })),
        ("single", _ => cluster.Size == 1 ? new SingleWorker() : throw new ConfigurationException(
            $"The strategy \"single\" is one worker's, but this run has {cluster.Size} processes ({cluster.Launch!.Family}): start one, or choose another strategy.")));

    private static ShardingStage ShardingOf(Section section) => section.Text("sharding", "none") switch
    {
        "none" => ShardingStage.None,
        "optimizer" => ShardingStage.OptimizerState,
        "gradients" => ShardingStage.Gradients,
        "parameters" => ShardingStage.Parameters,
        _ => throw section.Refuse("sharding", "none, optimizer, gradients or parameters"),
    };
}
