using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>A step in micro-batches against the same step at once.</summary>
public class GradientAccumulationTests
{
    public static TheoryData<int, int> Runs
    {
        get
        {
            var runs = new TheoryData<int, int>();
            foreach (var workers in new[] { 1, 2, 3 })
                foreach (var parts in new[] { 2, 3, 4, 20 }) runs.Add(workers, parts);
            return runs;
        }
    }

    /// <summary>27 examples in batches of 10: shares of 10, of 5, or of 3, 3 and 4, in up to twenty parts; the last batch has 7.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void Micro_batches_give_the_update_and_the_metrics_of_the_whole_batch(int workers, int parts)
    {
        var (whole, cut) = (new Losses(), new Losses());
        var expected = Train(new DataParallel(workers), 27, 1, whole);
        var actual = Train(new DataParallel(workers, new() { BucketBytes = 4096 }), 27, parts, cut);
        TestRuns.AssertClose(expected.Weights, actual.Weights, 2e-5);
        Assert.Equal(whole.Steps.Count, cut.Steps.Count);
        for (var i = 0; i < whole.Steps.Count; i++)
        {
            Assert.Equal(whole.Steps[i].Examples, cut.Steps[i].Examples);
            Assert.Equal(whole.Steps[i].Loss, cut.Steps[i].Loss, 1e-4);
            Assert.Equal(whole.Steps[i].Accuracy, cut.Steps[i].Accuracy, 1e-5);
        }
    }

    /// <summary>Of the last batch, of one example, two of three workers have nothing.</summary>
    [Fact]
    public void Workers_without_examples_do_not_count() =>
        TestRuns.AssertClose(Train(new SingleWorker(), 11, 1).Weights, Train(new DataParallel(3), 11, 2).Weights, 2e-5);

    [Fact]
    public void A_run_is_repeatable_and_goes_on_where_it_stopped_bit_for_bit()
    {
        var whole = Train(new DataParallel(2), 27, 3).Weights;
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            Assert.Equal(4, Train(new DataParallel(2), 27, 3, null, o => o with { RunDirectory = directory, MaxSteps = 4 }).Steps);
            var rest = Train(new DataParallel(2), 27, 3, null, o => o with { RunDirectory = directory, Resume = true });
            TestRuns.AssertEqual(whole, rest.Weights);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Fact]
    public void There_is_one_exchange_a_step_however_many_micro_batches()
    {
        long Bytes(int parts)
        {
            var strategy = new CountingStrategy(new DataParallel(2));
            Train(strategy, 27, parts);
            return strategy.Bytes;
        }
        Assert.Equal(Bytes(1), Bytes(4));
    }

    [Fact]
    public void A_pass_takes_the_memory_of_its_micro_batch()
    {
        long Arena(int parts) => Train(new SingleWorker(), 64, parts, null, o => o with { BatchSize = 64, Epochs = 1, Profile = new() { Steps = 1, Skip = 0 } }).Profile!.Memory.ArenaBytes;
        var whole = Arena(1);
        Assert.True(Arena(8) < whole / 3, $"{whole} bytes at once");
    }

    /// <summary>Each pass draws masks of its own: with equal ones, an example twice in a batch would lose the same units.</summary>
    [Fact]
    public void Micro_batches_draw_different_dropout_masks()
    {
        var masks = new List<float>();
        var data = new InMemoryDataset(Column.Of("x", Tensor.From(Enumerable.Repeat(1f, 2 * 64).ToArray(), [2, 64])), Column.Of("y", Tensor.Zeros(DType.Float32, [2, 64])));
        TrainingResult Run(int parts) => new Trainer(new(new Sequential(new Dropout(0.5), new Scales(64)), Training.Losses.Squared, Optimizers.Sgd(1)),
            new() { BatchSize = 2, GradientAccumulationSteps = parts, Kernels = KernelSets.Managed, ThreadsPerWorker = 1, Seed = 3 }).Fit(data);
        // Scales change by the number of examples that kept the unit: 0, 1 or 2 of two examples; always 0 or 2 with one mask.
        masks.AddRange(Run(2).Weights["scales/scale"].ToArray<float>().Select(x => (float)Math.Round(x, 4)));
        Assert.Equal(3, masks.Distinct().Count());
    }

    [Theory, InlineData(1, "momentum"), InlineData(1, "adam"), InlineData(2, "momentum"), InlineData(3, "adam")]
    public void Sparse_gradients_stay_sparse(int workers, string optimizer)
    {
        // Momentum would move the rows of words that a batch does not hold, were the gradient dense.
        var whole = TrainOnTexts(new DataParallel(workers), 1, optimizer);
        TestRuns.AssertClose(whole, TrainOnTexts(new DataParallel(workers), 2, optimizer), 2e-5);
        TestRuns.AssertClose(whole, TrainOnTexts(new DataParallel(workers), 4, optimizer), 2e-5);
    }

    /// <summary>They are summed in the table's shape, and yet only rows that were touched change.</summary>
    [Theory, InlineData("sgd", 1), InlineData("momentum", 1), InlineData("adam", 1), InlineData("momentum", 3), InlineData("adam", 2)]
    public void Rows_whose_number_is_not_known_beforehand_may_be_cut_into_micro_batches(string optimizer, int workers)
    {
        IReadOnlyDictionary<string, Tensor> Train(ITrainingStrategy strategy, int parts) => TrainOnTexts(strategy, parts, optimizer, new UniqueWords(40, 3));
        var whole = Train(new SingleWorker(), 1);
        TestRuns.AssertClose(whole, Train(new DataParallel(workers), 1), 2e-5);
        TestRuns.AssertClose(whole, Train(new DataParallel(workers), 3), 2e-5);
    }

    /// <summary>The last batch has 3 examples: micro-batches of some workers have none, and leave their places without row numbers.</summary>
    [Theory, InlineData("momentum", 1), InlineData("momentum", 2), InlineData("adam", 3), InlineData("momentum", 4)]
    public void Rows_of_micro_batches_may_be_more_than_the_table_has(string optimizer, int workers) =>
        TestRuns.AssertClose(TrainOnTexts(new SingleWorker(), 1, optimizer, new Embedding(37, 3)), TrainOnTexts(new DataParallel(workers), 2, optimizer, new Embedding(37, 3)), 2e-5);

    [Fact]
    public void A_loss_that_is_not_finite_is_explained_by_the_micro_batch_that_has_it_and_leaves_statistics_alone()
    {
        var x = Enumerable.Range(0, 12).Select(i => 0.1f * i).ToArray();
        x[1] = float.NaN;
        var data = new InMemoryDataset(Column.Of("x", Tensor.From(x, [6, 2])), Column.Of("y", Tensor.Zeros(DType.Float32, [6, 1])));
        var recipe = new TrainingRecipe(new Sequential(new BatchNorm(), new Linear(1)), Training.Losses.Squared, Optimizers.Sgd(0.1));
        foreach (var parts in new[] { 1, 3 })
        {
            var error = Assert.Throws<NonFiniteException>(() => new Trainer(recipe, new() { BatchSize = 6, GradientAccumulationSteps = parts, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 }).Fit(data));
            Assert.Contains("The data are not finite: element ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Less_than_one_step_is_refused() =>
        Assert.Contains("GradientAccumulationSteps", Assert.Throws<InvalidValueException>(() => new TrainerOptions { GradientAccumulationSteps = 0 }).Message, StringComparison.Ordinal);

    private static TrainingResult Train(ITrainingStrategy strategy, int examples, int parts, ITrainingObserver? observer = null, Func<TrainerOptions, TrainerOptions>? change = null)
    {
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(16), new Tanh(), new Linear(10));
        var recipe = new TrainingRecipe(model, Training.Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05, 0.9), Metrics.Accuracy);
        var options = new TrainerOptions
        {
            Epochs = 3,
            BatchSize = 10,
            GradientAccumulationSteps = parts,
            Seed = 5,
            Strategy = strategy,
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
            Observers = observer is null ? [] : [observer],
        };
        return new Trainer(recipe, change?.Invoke(options) ?? options).Fit(GeneratedDigits.Create(examples, 10, seed: 3).Train);
    }

    private static IReadOnlyDictionary<string, Tensor> TrainOnTexts(ITrainingStrategy strategy, int parts, string optimizer, Layer? words = null)
    {
        var texts = Enumerable.Range(0, 23 * 4).Select(i => (long)(i * i % 37)).ToArray();
        var data = new InMemoryDataset(Column.Of("words", Tensor.From(texts, [23, 4])), Column.Of("class", Tensor.From(Enumerable.Range(0, 23).Select(i => (long)(i % 3)).ToArray())));
        var recipe = new TrainingRecipe(new Sequential(words ?? new Embedding(400, 3), new Flatten(), new Linear(3)), Training.Losses.SoftmaxCrossEntropy,
            optimizer == "adam" ? Optimizers.Adam(0.01) : optimizer == "sgd" ? Optimizers.Sgd(0.1) : Optimizers.Momentum(0.1));
        return new Trainer(recipe, new() { Epochs = 2, BatchSize = 10, GradientAccumulationSteps = parts, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 }).Fit(data).Weights;
    }

    private sealed class Losses : ITrainingObserver
    {
        public List<(int Examples, double Loss, double Accuracy)> Steps { get; } = [];

        public void Stepped(in StepReport report) => Steps.Add((report.Examples, report.Loss, report.Metrics[1]));
    }

    /// <summary>A scale for each feature.</summary>
    private sealed class Scales(int features) : Layer
    {
        protected internal override Value Build(BuildContext context, Value input) => input * context.Variable("scale", [features], Initializers.Ones);
    }

    /// <summary>Takes each different word once from the table, so that the gradient's rows depend on the words.</summary>
    private sealed class UniqueWords(int rows, int features) : Layer
    {
        protected internal override Value Build(BuildContext context, Value input)
        {
            var unique = input.Reshape([-1]).Unique();
            return context.Variable("table", [rows, features], Initializers.Normal()).Value.Gather(unique.Values).Gather(unique.Inverse).Reshape([-1, input.Shape[1], features]);
        }
    }
}
