using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Batch normalisation over the examples of all workers against one worker on the joined batch.</summary>
public class SyncBatchNormTests
{
    private const int Channels = 3, Steps = 100;

    /// <summary>Nine examples: shares of 9, of 4 and 5, of 3, of 2, 2, 2 and 3; the last rank of some runs has one that does not count.</summary>
    [Theory, InlineData(2, false), InlineData(3, false), InlineData(4, false), InlineData(2, true), InlineData(3, true), InlineData(4, true)]
    public void Ranks_compute_what_one_rank_does_on_the_joined_batch_over_100_steps(int ranks, bool lastIsEmpty)
    {
        var alone = Run(1, false)[0];
        var together = Run(ranks, lastIsEmpty);
        foreach (var rank in together)
        {
            Assert.Equal(together[0].Mean, rank.Mean);
            Assert.Equal(together[0].Variance, rank.Variance);
            AssertClose(alone.Weights, rank.Weights);
            AssertClose(alone.Mean, rank.Mean);
            AssertClose(alone.Variance, rank.Variance);
        }
        Assert.NotEqual(1, alone.Variance[0], 0.1);
    }

    [Theory, InlineData(2), InlineData(3)]
    public void A_layer_takes_one_collective_forward_and_one_backward(int ranks)
    {
        var operations = LocalRanks.Run(ranks, communicator =>
        {
            using var model = new Model(communicator, synchronized: true);
            return model.Kernels;
        })[0];
        Assert.Equal(2, operations.Count(o => o.StartsWith("AllReduce (", StringComparison.Ordinal)));
    }

    [Fact]
    public void Alone_a_synchronised_layer_is_the_plain_one()
    {
        IReadOnlyList<string> Of(bool synchronized)
        {
            using var model = new Model(LocalGroup.Create(1)[0], synchronized);
            return model.Kernels;
        }
        Assert.Equal(Of(false), Of(true));
    }

    /// <summary>29 examples in batches of 10: the last batch of 9 is uneven for 2 and 4 workers. The option of the run reaches every layer.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void A_whole_model_is_converted_by_an_option(int workers)
    {
        var alone = Train(new SingleWorker(), sync: false);
        var together = Train(new DataParallel(workers), sync: true);
        foreach (var (name, tensor) in alone.Weights) AssertClose([.. tensor.ToArray<float>().Select(x => (double)x)], [.. together.Weights[name].ToArray<float>().Select(x => (double)x)], 1e-3);
        Assert.Equal(alone.Metrics["loss"], together.Metrics["loss"], 2e-3);
    }

    /// <summary>Ten examples on three workers in two passes: shares of 3, 3 and 4 in micro-batches of 2; in the last batch of 9, the second pass has one example each.</summary>
    [Theory, InlineData(2), InlineData(4)]
    public void Workers_meet_in_every_pass_over_micro_batches(int parts)
    {
        var losses = Train(new DataParallel(3), sync: true, parts).Epochs.Select(e => e.Training["loss"]).ToArray();
        Assert.True(losses[^1] < losses[0], string.Join(' ', losses));
    }

    [Fact]
    public void Without_it_workers_normalise_by_themselves()
    {
        var (alone, together) = (Train(new SingleWorker(), sync: false), Train(new DataParallel(2), sync: false));
        Assert.NotEqual(alone.Weights["linear/weight"].ToArray<float>()[0], together.Weights["linear/weight"].ToArray<float>()[0], 1e-4);
    }

    /// <summary>Large means with small deviations are where sums of squares lose their digits.</summary>
    [Fact]
    public void Moments_keep_their_digits_far_from_zero()
    {
        var variances = LocalRanks.Run(2, communicator =>
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 1]);
            var (_, variance, _) = BatchMoments.OfAll(x, new Replicas("data", 2, graph.Constant(0.5f)));
            using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
            var numbers = communicator.Rank == 0 ? new[] { 1000.25f, 1000.5f, 1000.75f } : [1001f, 1000f];
            return session.Run(variance, (x, Tensor.From(numbers, [numbers.Length, 1]))).ToArray<float>()[0];
        });
        Assert.All(variances, v => Assert.Equal(0.125, v, 1e-6));
    }

    /// <summary>Momentum 1: each worker's last batch, averaged by examples before validation and checkpoints.</summary>
    [Fact]
    public void Without_moving_averages_the_last_batches_of_all_workers_are_averaged()
    {
        // One step of five examples: two on the first worker, three on the second.
        float[] x = [1, 3, 10, 20, 60];
        var data = new InMemoryDataset(Column.Of("x", Tensor.From(x, [5, 1])), Column.Of("y", Tensor.Zeros(DType.Float32, [5, 1])));
        var order = new List<float>();
        using (var loader = new DataLoader(data, new() { BatchSize = 5, Seed = 1 }))
        {
            loader.TryNext(out var batch);
            order.AddRange(batch.Tensors[0].ToArray<float>());
        }
        var result = new Trainer(new(new Sequential(new BatchNorm(momentum: 1)), Losses.Squared, Optimizers.Sgd(0)),
            new() { BatchSize = 5, Seed = 1, Strategy = new DataParallel(2), Kernels = KernelSets.Managed, ThreadsPerWorker = 1 }).Fit(data);
        var (first, second) = (order[..2], order[2..]);
        double Unbiased(List<float> s) => s.Sum(v => Math.Pow(v - s.Average(), 2)) / (s.Count - 1);
        Assert.Equal(order.Average(), result.Weights["batch_norm/running_mean"].ToArray<float>()[0], 1e-4);
        Assert.Equal(0.4 * Unbiased(first) + 0.6 * Unbiased(second), result.Weights["batch_norm/running_variance"].ToArray<float>()[0], 1e-2);
    }

    private static (double[] Weights, double[] Mean, double[] Variance)[] Run(int ranks, bool lastIsEmpty) => LocalRanks.Run(ranks, communicator =>
    {
        using var model = new Model(communicator, synchronized: true);
        for (var step = 0; step < Steps; step++)
        {
            var numbers = new double[9 * Channels * 2];
            Philox.FillNormal(numbers, new PhiloxKey(4, (uint)step));
            for (var i = 0; i < numbers.Length; i++) numbers[i] = 2 + 3 * numbers[i];
            var counted = lastIsEmpty ? ranks - 1 : ranks;
            var (begin, end) = communicator.Rank < counted ? ThreadTeam.Share(9, communicator.Rank, counted) : (0, 1);
            var weight = communicator.Rank < counted ? (end - begin) / 9.0 : 0;
            var row = Channels * 2;
            model.Step(Tensor.From(numbers[(int)(begin * row)..(int)(end * row)], [(int)(end - begin), Channels, 2]), weight);
        }
        return (model.Read("batch_norm/scale"), model.Read("batch_norm/running_mean"), model.Read("batch_norm/running_variance"));
    });

    private static TrainingResult Train(ITrainingStrategy strategy, bool sync, int parts = 1)
    {
        var model = new Sequential(new Conv2d(3, 3, padding: 1), new BatchNorm(), new Relu(), new MaxPool2d(4), new Flatten(), new Linear(10), new BatchNorm());
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Sgd(0.05), Metrics.Accuracy), new()
        {
            Epochs = 2,
            BatchSize = 10,
            GradientAccumulationSteps = parts,
            SyncBatchNorm = sync,
            Strategy = strategy,
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
        }).Fit(GeneratedDigits.Create(29, 12, seed: 2));
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance = 1e-9)
    {
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"[{i}]: {expected[i]:R} alone, {actual[i]:R} together");
    }

    /// <summary>Batch normalisation between two elementwise maps in Float64, trained by gradient descent on a sum over all ranks.</summary>
    private sealed class Model : IDisposable
    {
        private readonly Session _session;
        private readonly Step _step;

        public Model(Tensors.Collectives.ICommunicator communicator, bool synchronized)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown, Channels, 2]);
            var weight = graph.Placeholder("weight", DType.Float64, []);
            var context = new BuildContext(graph, training: true, replicas: new("data", communicator.Size, weight));
            var before = graph.Variable("before", DType.Float64, [Channels, 1], Initializers.Ones);
            var y = context.Apply(new BatchNorm(synchronized: synchronized), x * before + (x * before).Sin());
            var loss = ((y - 0.5).Square() * (y * 0.3).Cos()).Mean() * weight;
            Variable[] trained = [.. graph.Variables.Where(v => v.IsTrainable)];
            var gradients = Gradients.Of(loss, trained).Select(g => g!.Dense()).ToArray();
            if (communicator.Size > 1)
                using (graph.Scope("exchange")) gradients = [.. Operations.AllReduceTogether(gradients, "data")];
            Value[] updates = [.. trained.Zip(gradients, (v, g) => v.Assign(v.Value - g * 0.05)), .. context.Updates.Select(u => u.Variable.Assign(u.Value))];
            _session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
            _step = _session.Compile([x, weight], [], updates);
        }

        public IReadOnlyList<string> Kernels => _step.PlanFor([Tensor.Zeros(DType.Float64, [4, Channels, 2]), Tensor.Scalar(1.0)]).Operations;

        public void Step(Tensor x, double weight) => _step.Run([x, Tensor.Scalar(weight)], []);

        public double[] Read(string name) => _session.Storage(_session.Graph.FindVariable(name)!).ToArray<double>();

        public void Dispose() => _session.Dispose();
    }
}
