using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

public class GradientCompressionTests
{
    internal static IReadOnlyDictionary<string, GradientCompression> Kinds { get; } = new Dictionary<string, GradientCompression>
    {
        ["none"] = GradientCompression.None,
        ["bfloat16"] = GradientCompression.BFloat16,
        ["float16"] = GradientCompression.Float16,
        ["top-k"] = GradientCompression.TopK(0.05),
    };

    public static TheoryData<string> Names => [.. Kinds.Keys];

    /// <summary>Twice rounded: each term on its way to the rank that adds, and the sum on its way to all. Five and seven elements: parts are padded.</summary>
    [Theory, InlineData(2, DType.BFloat16), InlineData(3, DType.BFloat16), InlineData(4, DType.BFloat16), InlineData(2, DType.Float16), InlineData(3, DType.Float16), InlineData(4, DType.Float16)]
    public void Sums_in_16_bits_are_within_their_rounding_and_equal_on_all_ranks(int ranks, DType payload)
    {
        var inputs = Enumerable.Range(0, ranks).Select(r => Numbers(12, (uint)r, i => Math.Pow(10, i % 7 - 3))).ToArray();
        var results = Sums(inputs, payload);
        var unit = payload == DType.BFloat16 ? 1 / 256.0 : 1 / 2048.0;
        for (var i = 0; i < 12; i++)
        {
            var bound = 1.01 * unit * (inputs.Sum(x => Math.Abs(x[i])) + Math.Abs(inputs.Sum(x => (double)x[i])));
            Assert.Equal(inputs.Sum(x => (double)x[i]), results[0][i], bound + 1e-12);
        }
        Assert.All(results, r => Assert.Equal(results[0], r));
        Assert.NotEqual(inputs.Aggregate(0f, (sum, x) => sum + x[0]), results[0][0]);
    }

    /// <summary>Beyond the range of Float16 on both sides; the small ones lie in a part of their own only by chance, so they are compared with the largest.</summary>
    [Theory, InlineData(1e30f), InlineData(1e5f), InlineData(1e-20f)]
    public void In_Float16_nothing_overflows_or_vanishes(float size)
    {
        var inputs = Enumerable.Range(0, 3).Select(r => Numbers(12, (uint)r, _ => size)).ToArray();
        var results = Sums(inputs, DType.Float16);
        for (var i = 0; i < 12; i++) Assert.Equal(inputs.Sum(x => (double)x[i]), results[0][i], 0.005 * size);
        Assert.All(Sums([new float[12], new float[12]], DType.Float16), r => Assert.Equal(new float[12], r));
    }

    [Theory, InlineData(DType.BFloat16), InlineData(DType.Float16)]
    public void What_is_not_finite_stays_so(DType payload)
    {
        var inputs = Enumerable.Range(0, 2).Select(r => Numbers(12, (uint)r, _ => 1)).ToArray();
        (inputs[0][1], inputs[1][7]) = (float.NaN, float.PositiveInfinity);
        foreach (var result in Sums(inputs, payload))
        {
            Assert.True(float.IsNaN(result[1]));
            Assert.Equal(float.PositiveInfinity, result[7]);
        }
    }

    [Fact]
    public void Sums_of_other_types_are_refused()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        Assert.Contains("Float64", Assert.Throws<ShapeException>(() => Operations.AllReduceTogether([[x]], "data", 2, DType.BFloat16)).Message, StringComparison.Ordinal);
        Assert.Contains("BFloat16 or Float16", Assert.Throws<InvalidValueException>(() => Operations.AllReduceTogether([[x]], "data", 2, DType.Int32)).Message, StringComparison.Ordinal);
    }

    /// <summary>Over several steps, on each rank and in every bit: what is sent and what is kept is the gradient and what was kept before.</summary>
    [Theory, InlineData(0.2, 2), InlineData(0.5, 3), InlineData(1, 3), InlineData(0.001, 2)]
    public void What_is_sent_and_what_is_kept_add_up(double ratio, int ranks)
    {
        const int Steps = 5;
        int[] lengths = [12, 7, 1];
        var counts = lengths.Select(n => Math.Clamp((int)Math.Ceiling(ratio * n), 1, n)).ToArray();
        var runs = LocalRanks.Run(ranks, communicator =>
        {
            var graph = new Graph();
            Value[] gradients = [.. lengths.Select((n, i) => graph.Placeholder($"g{i}", DType.Float32, [n]))];
            var updates = new List<(Variable Variable, Value Value)>();
            var sums = LargestElements.Sum(gradients, ratio, "data", ranks, updates);
            using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
            using var step = session.Compile(gradients, sums, [.. updates.Select(u => u.Variable.Assign(u.Value))]);
            var sent = new List<float[][]>();
            var totals = new List<float[][]>();
            for (var t = 0; t < Steps; t++)
            {
                var g = lengths.Select((n, i) => Numbers(n, (uint)(100 * t + 10 * i + communicator.Rank), _ => 1)).ToArray();
                var before = updates.Select(u => session.Storage(u.Variable).ToArray<float>()).ToArray();
                totals.Add([.. step.Run([.. g.Select(x => Tensor.From(x))]).Select(y => y.ToArray<float>())]);
                var after = updates.Select(u => session.Storage(u.Variable).ToArray<float>()).ToArray();
                sent.Add([.. g.Select((x, i) =>
                {
                    var whole = x.Select((v, j) => v + before[i][j]).ToArray();
                    // Each element either travels whole or stays whole.
                    for (var j = 0; j < whole.Length; j++) Assert.True(after[i][j] == whole[j] || after[i][j] == 0, $"{after[i][j]:R} is left of {whole[j]:R}");
                    var gone = whole.Select((v, j) => after[i][j] == 0 ? v : 0).ToArray();
                    Assert.Equal(counts[i], gone.Count(v => v != 0));
                    Assert.True(after[i].Max(Math.Abs) <= gone.Where(v => v != 0).Min(Math.Abs));
                    return gone;
                })]);
            }
            return (Sent: sent, Totals: totals);
        });
        for (var t = 0; t < Steps; t++)
            for (var i = 0; i < lengths.Length; i++)
                foreach (var (_, totals) in runs)
                    Assert.Equal([.. Enumerable.Range(0, lengths[i]).Select(j => runs.Aggregate(0f, (sum, run) => sum + run.Sent[t][i][j]))], totals[t][i]);
    }

    [Theory, InlineData(2), InlineData(3)]
    public void All_elements_are_the_gradient(int workers)
    {
        var (whole, all) = (Train(workers, GradientCompression.None).Weights, Train(workers, GradientCompression.TopK(1)).Weights);
        foreach (var (name, tensor) in whole) Assert.Equal(tensor.ToArray<float>(), all[name].ToArray<float>());
    }

    [Theory, MemberData(nameof(Names))]
    public void Training_ends_close_to_where_it_does_without(string kind)
    {
        var (whole, less) = (Train(2, GradientCompression.None, epochs: 12), Train(2, Kinds[kind], epochs: 12));
        Assert.True(less.Metrics["loss"] < whole.Metrics["loss"] + 0.15, $"{less.Metrics["loss"]}, not about {whole.Metrics["loss"]}");
        Assert.True(less.Metrics["accuracy"] > whole.Metrics["accuracy"] - 0.05, $"{less.Metrics["accuracy"]}, not about {whole.Metrics["accuracy"]}");
    }

    [Fact]
    public void Bytes_are_what_the_compression_promises()
    {
        long Bytes(string kind)
        {
            var strategy = new CountingStrategy(new DataParallel(2, new() { Compression = Kinds[kind] }));
            Train(strategy, 1);
            return strategy.Bytes;
        }
        var whole = Bytes("none");
        Assert.Equal(0.5, (double)Bytes("bfloat16") / whole, 0.02);
        Assert.Equal(0.5, (double)Bytes("float16") / whole, 0.02);
        // 5 % of the elements with their places: 8 bytes to the other worker, instead of half of 4 bytes there and half back.
        Assert.Equal(0.1, (double)Bytes("top-k") / whole, 0.01);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_run_goes_on_where_it_stopped_bit_for_bit(string kind)
    {
        var whole = Train(3, Kinds[kind]).Weights;
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            Train(new DataParallel(3, new() { Compression = Kinds[kind] }), 3, o => o with { RunDirectory = directory, MaxSteps = 4 });
            var rest = Train(new DataParallel(3, new() { Compression = Kinds[kind] }), 3, o => o with { RunDirectory = directory, Resume = true }).Weights;
            TestRuns.AssertEqual(whole, rest);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Fact]
    public void Another_number_of_workers_begins_with_nothing_kept_and_is_told()
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var warnings = new Warnings();
            Train(new DataParallel(2, new() { Compression = Kinds["top-k"] }), 3, o => o with { RunDirectory = directory, MaxSteps = 4 });
            Train(new DataParallel(3, new() { Compression = Kinds["top-k"] }), 3, o => o with { RunDirectory = directory, Resume = true, MaxSteps = 6, Observers = [warnings] });
            Assert.Contains("what each of 3 workers kept", Assert.Single(warnings.Messages), StringComparison.Ordinal);
            // Without compression there is nothing to go on with, and nothing to tell.
            Train(new DataParallel(2), 3, o => o with { RunDirectory = directory, Resume = true, MaxSteps = 7, Observers = [warnings] });
            Assert.Single(warnings.Messages);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_worker_alone_compresses_nothing(string kind)
    {
        var (alone, plain) = (Train(1, Kinds[kind]).Weights, Train(new SingleWorker(), 3).Weights);
        foreach (var (name, tensor) in plain) Assert.True(tensor.RawBytes.SequenceEqual(alone[name].RawBytes), name);
    }

    [Theory, InlineData(0), InlineData(-0.1), InlineData(1.5), InlineData(double.NaN)]
    public void A_part_is_above_0_and_up_to_1(double ratio) =>
        Assert.Contains("above 0 and up to 1", Assert.Throws<InvalidValueException>(() => GradientCompression.TopK(ratio)).Message, StringComparison.Ordinal);

    private static float[][] Sums(float[][] inputs, DType payload) => LocalRanks.Run(inputs.Length, communicator =>
    {
        var graph = new Graph();
        var (a, b) = (graph.Placeholder("a", DType.Float32, [5]), graph.Placeholder("b", DType.Float32, [7]));
        var sums = Operations.AllReduceTogether([[a], [b]], "data", inputs.Length, payload);
        using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
        var x = inputs[communicator.Rank];
        return session.Run([sums[0][0], sums[1][0]], (a, Tensor.From(x[..5])), (b, Tensor.From(x[5..]))).SelectMany(t => t.ToArray<float>()).ToArray();
    });

    private static float[] Numbers(int count, uint stream, Func<int, double> size)
    {
        var numbers = new double[count];
        Philox.FillNormal(numbers, new PhiloxKey(21, stream));
        return [.. numbers.Select((x, i) => (float)(x * size(i)))];
    }

    private static TrainingResult Train(int workers, GradientCompression compression, int epochs = 3) => Train(new DataParallel(workers, new() { Compression = compression, BucketBytes = 4096 }), epochs);

    private static TrainingResult Train(ITrainingStrategy strategy, int epochs, Func<TrainerOptions, TrainerOptions>? change = null)
    {
        var model = new Sequential(new Flatten(), new Linear(16), new Tanh(), new Linear(10));
        var options = new TrainerOptions { Epochs = epochs, BatchSize = 20, Seed = 5, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.02), Metrics.Accuracy), change?.Invoke(options) ?? options).Fit(GeneratedDigits.Create(200, 10, seed: 3).Train);
    }

    private sealed class Warnings : ITrainingObserver
    {
        public List<string> Messages { get; } = [];

        public void Warned(string message) => Messages.Add(message);
    }
}
