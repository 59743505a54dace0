using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;

namespace Dunlin.Strategies.Tests;

/// <summary>100 steps with some options of data parallelism, none of which should change what is learnt.</summary>
/// <param name="Name">Of the options.</param>
/// <param name="Task">What is learnt.</param>
internal sealed record TrainingCase(string Name, TrainingTask Task)
{
    private const int Steps = 100, Seed = 5;

    private static readonly DataParallelOptions Small = new() { BucketBytes = 4096 };

    /// <summary>How far 100 steps carry sums of the same numbers in another order, as a part of 1 and the weight: up to 5e-7 was seen, and 0.02 and more where a term is missed.</summary>
    public const double Tolerance = 3e-6;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<TrainingCase> All { get; } =
    [
        new("plain", TrainingTask.Perceptron),
        new("small buckets", TrainingTask.Perceptron) { Options = Small, IsOfFew = true },
        new("large buckets", TrainingTask.Perceptron) { Options = new() { BucketBytes = 1 << 24 } },
        new("no overlap", TrainingTask.Perceptron) { Options = Small, Waits = true },
        new("ZeRO 1", TrainingTask.Perceptron) { Options = Small with { Sharding = ShardingStage.OptimizerState } },
        new("ZeRO 2", TrainingTask.Perceptron) { Options = Small with { Sharding = ShardingStage.Gradients } },
        new("ZeRO 3", TrainingTask.Perceptron) { Options = Small with { Sharding = ShardingStage.Parameters }, IsOfFew = true },
        new("2 micro-batches", TrainingTask.Perceptron) { Options = Small, Parts = 2 },
        new("3 micro-batches, ZeRO 3", TrainingTask.Perceptron) { Options = Small with { Sharding = ShardingStage.Parameters }, Parts = 3 },
        new("top-k of all", TrainingTask.Perceptron) { Options = new() { Compression = GradientCompression.TopK(1) } },
        new("BFloat16", TrainingTask.Perceptron) { Options = Small with { Compression = GradientCompression.BFloat16 }, Rounds = true, IsOfFew = true },
        new("statistics of all", TrainingTask.Normalized),
        new("statistics of all, ZeRO 3", TrainingTask.Normalized) { Options = Small with { Sharding = ShardingStage.Parameters } },
        new("statistics of all, 2 micro-batches", TrainingTask.Normalized) { Parts = 2, Batch = 24 },
        new("statistics of all, 2 micro-batches, ZeRO 3", TrainingTask.Normalized) { Options = Small with { Sharding = ShardingStage.Parameters }, Parts = 2, Batch = 24, IsOfFew = true },
        new("rows", TrainingTask.Words) { IsOfFew = true },
        new("rows, 2 micro-batches, ZeRO 3", TrainingTask.Words) { Options = Small with { Sharding = ShardingStage.Parameters }, Parts = 2 },
        new("rows as a table", TrainingTask.Words) { Options = new() { SparseGradients = false } },
        new("few rows", TrainingTask.FewWords) { Parts = 2 },
    ];

    /// <summary>Names and numbers of ranks.</summary>
    public static TheoryData<string, int> WithRanks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var one in All.Where(c => !c.Rounds))
                for (var ranks = 2; ranks <= 4; ranks++) data.Add(one.Name, ranks);
            return data;
        }
    }

    /// <summary>How workers exchange.</summary>
    public DataParallelOptions Options { get; private init; } = new();

    /// <summary>Whether each operation is waited for where it starts.</summary>
    private bool Waits { get; init; }

    /// <summary>Whether what travels is rounded, so that the answer is another, though the same wherever the ranks are.</summary>
    public bool Rounds { get; private init; }

    /// <summary>Whether it is one of the few that have every kind of exchange between them.</summary>
    public bool IsOfFew { get; private init; }

    /// <summary>Micro-batches.</summary>
    private int Parts { get; init; } = 1;

    /// <summary>
    /// Eleven: shares of 5 and 6; of 3, 4 and 4; of 2, 3, 3 and 3; the last batch of 3 leaves one of four workers nothing. Where statistics are those of a micro-batch of all workers, as many for each.
    /// </summary>
    private int Batch { get; init; } = 11;

    private bool MeetsInParts => Parts > 1 && Task == TrainingTask.Normalized;

    /// <summary>The case of a name.</summary>
    public static TrainingCase Of(string name) => All.Single(c => c.Name == name);

    /// <summary>Trains on several workers.</summary>
    /// <param name="workers">Of each process.</param>
    /// <param name="cluster">The processes; null for this one alone.</param>
    /// <param name="change">Makes another strategy of the strategy.</param>
    /// <param name="sync">Whether normalisation takes the statistics of all workers.</param>
    /// <returns>The weights.</returns>
    public IReadOnlyDictionary<string, Tensor> Train(int workers, Cluster? cluster = null, Func<ITrainingStrategy, ITrainingStrategy>? change = null, bool sync = true)
    {
        ITrainingStrategy strategy = new DataParallel(workers, Options with { Cluster = cluster });
        if (Waits) strategy = new CountingStrategy(strategy, waits: true);
        return Train(change?.Invoke(strategy) ?? strategy, Parts, Data, sync);
    }

    /// <summary>Trains one worker on the joined batch. Only where normalisation asks for it, it takes the micro-batches of so many workers.</summary>
    public IReadOnlyDictionary<string, Tensor> TrainAlone(int ranks) =>
        MeetsInParts ? Train(new SingleWorker(), Parts, new Subset(Data, AsMicroBatchesOf(ranks)), sync: false) : Train(new SingleWorker(), 1, Data, sync: false);

    private IDataset Data => Task.Data(MeetsInParts ? Steps * Batch : (Steps - 1) * Batch + 3);

    private IReadOnlyDictionary<string, Tensor> Train(ITrainingStrategy strategy, int parts, IDataset data, bool sync)
    {
        var options = new TrainerOptions
        {
            BatchSize = Batch,
            GradientAccumulationSteps = parts,
            SyncBatchNorm = sync,
            Seed = Seed,
            Strategy = strategy,
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
        };
        var result = new Trainer(new(Task.Model(), Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05, 0.9)), options).Fit(data);
        Assert.Equal(Steps, result.Steps);
        return result.Weights;
    }

    /// <summary>
    /// The examples in an order in which one worker's micro-batches are those of all workers together: the first of these holds the first examples of each worker's share, and so on.
    /// </summary>
    private int[] AsMicroBatchesOf(int ranks)
    {
        // The order in which a loader takes the examples of the only epoch.
        var order = new List<int>();
        using (var loader = new DataLoader(new InMemoryDataset(Column.Of("number", Tensor.From([.. Enumerable.Range(0, Data.Count)]))), new() { BatchSize = Batch, Seed = Seed }))
            while (loader.TryNext(out var batch)) order.AddRange(batch.Tensors[0].ToArray<int>());
        var (share, part) = (Batch / ranks, Batch / ranks / Parts);
        Assert.Equal(Batch, ranks * Parts * part);
        int[] places = [.. from p in Enumerable.Range(0, Parts) from rank in Enumerable.Range(0, ranks) from i in Enumerable.Range(0, part) select rank * share + p * part + i];
        var examples = new int[order.Count];
        for (var at = 0; at < examples.Length; at++) examples[order[at]] = order[at / Batch * Batch + places[at % Batch]];
        Assert.Equal(order.Order(), examples.Order());
        return examples;
    }
}
