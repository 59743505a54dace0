using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Sharding with micro-batches, compressed gradients and synchronised normalisation: each of them does what it does without the others.</summary>
public class CombinationTests
{
    /// <summary>27 examples in batches of 10, in three passes: shares of 5 and of 3 and 4. Each worker's sums are those of no sharding, and so are the bits.</summary>
    [Theory]
    [InlineData(2, ShardingStage.OptimizerState), InlineData(2, ShardingStage.Gradients), InlineData(2, ShardingStage.Parameters)]
    [InlineData(3, ShardingStage.OptimizerState), InlineData(3, ShardingStage.Gradients), InlineData(3, ShardingStage.Parameters)]
    public void Micro_batches_are_summed_before_workers_share_the_update(int workers, ShardingStage sharding)
    {
        var together = Train(Of(workers, sharding), Digits, 3);
        TestRuns.AssertClose(Train(new SingleWorker(), Digits, 1), together, 2e-5);
        TestRuns.AssertEqual(Train(Of(workers, ShardingStage.None), Digits, 3), together);
    }

    /// <summary>Rows stay rows in every pass: momentum would move those of words that a batch does not hold.</summary>
    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void Rows_of_micro_batches_stay_sparse_where_workers_share_the_update(ShardingStage sharding)
    {
        var together = Train(Of(2, sharding), Texts, 3);
        TestRuns.AssertClose(Train(new SingleWorker(), Texts, 1), together, 2e-5);
        TestRuns.AssertEqual(Train(Of(2, ShardingStage.None), Texts, 3), together);
    }

    /// <summary>The layers' collectives meet between those of the weights, in the same order on workers with other shares.</summary>
    [Theory]
    [InlineData(ShardingStage.OptimizerState, 1), InlineData(ShardingStage.Gradients, 1), InlineData(ShardingStage.Parameters, 1), InlineData(ShardingStage.Parameters, 2)]
    public void Synchronised_normalisation_is_the_same_where_workers_share_the_update(ShardingStage sharding, int parts)
    {
        var together = Train(Of(3, sharding), Normalized, parts);
        TestRuns.AssertEqual(Train(Of(3, ShardingStage.None), Normalized, parts), together);
        TestRuns.AssertEqual(together, Train(new CountingStrategy(Of(3, sharding), waits: true), Normalized, parts));
        if (parts == 1) TestRuns.AssertClose(Train(new SingleWorker(), Normalized, 1), together, 1e-3);
    }

    /// <summary>Where workers share only the optimiser's state, gradients are summed as without.</summary>
    [Theory, InlineData("bfloat16"), InlineData("float16"), InlineData("top-k")]
    public void The_optimisers_state_is_cut_behind_compressed_sums(string kind) =>
        TestRuns.AssertEqual(Train(Of(3, ShardingStage.None, GradientCompressionTests.Kinds[kind]), Digits, 2), Train(Of(3, ShardingStage.OptimizerState, GradientCompressionTests.Kinds[kind]), Digits, 2));

    /// <summary>Terms are rounded, and sums of pieces not: nearer to the whole than sums that are rounded, too.</summary>
    [Theory, InlineData("bfloat16", 0.02), InlineData("float16", 0.002)]
    public void Pieces_of_gradients_travel_in_16_bits(string kind, double tolerance)
    {
        var whole = Train(Of(3, ShardingStage.None), Digits, 1);
        var pieces = Train(Of(3, ShardingStage.Gradients, GradientCompressionTests.Kinds[kind]), Digits, 1);
        TestRuns.AssertEqual(pieces, Train(Of(3, ShardingStage.Parameters, GradientCompressionTests.Kinds[kind]), Digits, 1));
        TestRuns.AssertEqual(pieces, Train(new CountingStrategy(Of(3, ShardingStage.Parameters, GradientCompressionTests.Kinds[kind]), waits: true), Digits, 1));
        TestRuns.AssertClose(whole, pieces, tolerance);
        Assert.NotEqual(whole["linear/weight"].ToArray<float>(), pieces["linear/weight"].ToArray<float>());
    }

    /// <summary>Tensors of 5, 130 and 7 elements: with three ranks, pieces of 2, of 64 with 2 in the last, and of 3.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Pieces_are_the_exact_sums_of_rounded_terms_in_the_order_of_the_ranks(int ranks)
    {
        int[] lengths = [5, 130, 7];
        float[] Term(int rank, int tensor) => [.. Enumerable.Range(0, lengths[tensor]).Select(i => MathF.Sin(100 * rank + 10 * tensor + i))];
        var pieces = LocalRanks.Run(ranks, communicator =>
        {
            var graph = new Graph();
            Value[] x = [.. lengths.Select((n, i) => graph.Placeholder($"x{i}", DType.Float32, [n]))];
            var sums = Operations.ReduceScatterTogether([[x[0], x[1]], [x[2]]], "data", ranks, DType.BFloat16);
            using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
            return session.Run([.. sums.SelectMany(s => s)], [.. x.Select((v, i) => (v, Tensor.From(Term(communicator.Rank, i))))]).Select(t => t.ToArray<float>()).ToArray();
        });
        for (var t = 0; t < lengths.Length; t++)
        {
            var cut = new Cut(new(DType.Float32, [lengths[t]]), ranks);
            var sums = Enumerable.Range(0, lengths[t]).Select(i => Enumerable.Range(0, ranks).Aggregate(0f, (sum, r) => sum + (float)(BFloat16)Term(r, t)[i])).ToArray();
            for (var r = 0; r < ranks; r++)
            {
                float[] expected = [.. sums.Skip((int)cut.Begin(r)).Take(cut.Count(r)), .. new float[cut.Length - cut.Count(r)]];
                Assert.Equal(expected, pieces[r][t]);
            }
        }
    }

    [Theory, InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void Gradients_in_16_bits_are_half_the_bytes_to_their_owners(ShardingStage sharding)
    {
        long Bytes(GradientCompression compression)
        {
            var strategy = new CountingStrategy(Of(2, sharding, compression));
            Train(strategy, Digits, 1);
            return strategy.Bytes;
        }
        // Weights travel whole: once after the update, or twice for the passes but for the last bucket, which is all but the first layer here.
        var (whole, half) = (Bytes(GradientCompression.None), Bytes(GradientCompression.BFloat16));
        Assert.InRange((double)half / whole, 0.74, sharding == ShardingStage.Gradients ? 0.77 : 0.85);
    }

    [Theory, InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void The_largest_elements_of_pieces_are_refused(ShardingStage sharding)
    {
        var message = Assert.Throws<DunlinException>(() => Of(2, sharding, GradientCompressionTests.Kinds["top-k"])).Message;
        Assert.Contains($"ShardingStage.{sharding} workers sum only pieces", message, StringComparison.Ordinal);
        Assert.Contains("take ShardingStage.OptimizerState or none, or BFloat16 or Float16", message, StringComparison.Ordinal);
    }

    /// <summary>Pieces of the optimiser's state, what each worker keeps of its gradients, and statistics of all workers, in one checkpoint in the middle of an epoch.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void A_run_with_all_of_them_goes_on_bit_for_bit(int parts)
    {
        ITrainingStrategy Strategy() => Of(3, ShardingStage.OptimizerState, GradientCompressionTests.Kinds["top-k"]);
        var whole = Train(Strategy(), Normalized, parts);
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            Train(Strategy(), Normalized, parts, o => o with { RunDirectory = directory, MaxSteps = 4 });
            var checkpoint = CheckpointStore.Open(Path.Combine(directory, "checkpoints", "step-00000004"));
            for (var rank = 0; rank < 3; rank++) Assert.All(checkpoint.Load($"worker-000{rank}"), kept => Assert.StartsWith("worker/residual/", kept.Key, StringComparison.Ordinal));
            Assert.NotEqual(checkpoint.Load("worker-0000")["worker/residual/0"].ToArray<float>(), checkpoint.Load("worker-0001")["worker/residual/0"].ToArray<float>());
            Assert.True(File.Exists(Path.Combine(checkpoint.Directory, "optimizer-00003-of-00003.safetensors")));
            TestRuns.AssertEqual(whole, Train(Strategy(), Normalized, parts, o => o with { RunDirectory = directory, Resume = true }));
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    private static DataParallel Of(int workers, ShardingStage sharding, GradientCompression? compression = null) =>
        new(workers, new() { BucketBytes = 4096, Sharding = sharding, Compression = compression ?? GradientCompression.None });

    private static (Layer Model, IDataset Data) Digits => (new Sequential(new Flatten(), new Linear(16), new Tanh(), new Linear(10)), GeneratedDigits.Create(27, 10, seed: 3).Train);

    private static (Layer Model, IDataset Data) Normalized =>
        (new Sequential(new Conv2d(4, 3, padding: 1), new BatchNorm(), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(16), new BatchNorm(), new Tanh(), new Linear(10)), GeneratedDigits.Create(29, 10, seed: 3).Train);

    private static (Layer Model, IDataset Data) Texts => (new Sequential(new Embedding(400, 3), new Flatten(), new Linear(3)), new InMemoryDataset(
        Column.Of("words", Tensor.From(Enumerable.Range(0, 23 * 4).Select(i => (long)(i * i % 37)).ToArray(), [23, 4])), Column.Of("class", Tensor.From(Enumerable.Range(0, 23).Select(i => (long)(i % 3)).ToArray()))));

    private static IReadOnlyDictionary<string, Tensor> Train(ITrainingStrategy strategy, (Layer Model, IDataset Data) task, int parts, Func<TrainerOptions, TrainerOptions>? change = null)
    {
        var options = TestRuns.Options(strategy, epochs: 3) with { GradientAccumulationSteps = parts, SyncBatchNorm = true };
        return new Trainer(new(task.Model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05, 0.9)), change?.Invoke(options) ?? options).Fit(task.Data).Weights;
    }
}
