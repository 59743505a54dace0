using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests;

/// <summary>What somebody gives by mistake is named, with what it may be: whose it is, which one, its range, what it was.</summary>
public class BadInputTests
{
    private static readonly (string Message, Func<object> Make)[] Table =
    [
        ("Linear: features is at least 1, not 0.", () => new Linear(0)),
        ("Conv2d: channels is at least 1, not -1.", () => new Conv2d(-1, 3)),
        ("Conv2d: kernel is at least 1, not 0.", () => new Conv2d(4, kernel: 0)),
        ("Conv2d: kernel is at least 1, not -2.", () => new Conv2d(4, kernel: (3, -2))),
        ("Conv3d: kernel is one number or 3, not 3×3.", () => new Conv3d(4, kernel: (3, 3))),
        ("Conv1d: stride is at least 1, not 0.", () => new Conv1d(4, 3, stride: 0)),
        ("Conv2d: dilation is at least 1, not 0.", () => new Conv2d(4, 3, dilation: 0)),
        ("Conv2d: groups is a divisor of the 4 output channels, not 3.", () => new Conv2d(4, 3, groups: 3)),
        ("Conv2d: groups is at least 1, not 0.", () => new Conv2d(4, 3, groups: 0)),
        ("ConvTranspose2d: outputPadding is at least 0, not -1.", () => new ConvTranspose2d(4, 3, outputPadding: -1)),
        ("MaxPool2d: window is at least 1, not 0.", () => new MaxPool2d(0)),
        ("AveragePool1d: stride is at least 1, not -1.", () => new AveragePool1d(2, stride: -1)),
        ("Dropout: rate is at least 0 and below 1, not 1.5.", () => new Dropout(1.5)),
        ("Dropout: rate is at least 0 and below 1, not NaN.", () => new Dropout(double.NaN)),
        ("Embedding: rows is at least 1, not 0.", () => new Embedding(0, 4)),
        ("BatchNorm: momentum is from 0 to 1, not 2.", () => new BatchNorm(2)),
        ("LayerNorm: epsilon is at least 0, not -1.", () => new LayerNorm(-1)),
        ("GroupNorm: groups is at least 1, not 0.", () => new GroupNorm(0)),
        ("LstmCell: units is at least 1, not 0.", () => new LstmCell(0)),
        ("LstmCell: Projection is at least 1, not 0.", () => new LstmCell(4) { Projection = 0 }),
        ("MultiHeadAttention: features is a multiple of the 2 heads, not 7.", () => new MultiHeadAttention(7, 2)),
        ("Linear: Name is a name without slashes, not a/b.", () => new Linear(1) { Name = "a/b" }),
        ("Linear: Name is a text that is not blank, not ' '.", () => new Linear(1) { Name = " " }),

        ("TrainerOptions: Epochs is at least 1, not 0.", () => new TrainerOptions { Epochs = 0 }),
        ("TrainerOptions: BatchSize is at least 1, not -5.", () => new TrainerOptions { BatchSize = -5 }),
        ("TrainerOptions: ThreadsPerWorker is at least 1, not 0.", () => new TrainerOptions { ThreadsPerWorker = 0 }),
        ("TrainerOptions: MaxSteps is at least 1, not 0.", () => new TrainerOptions { MaxSteps = 0 }),
        ("DataLoaderOptions: Prefetch is at least 1, not 0.", () => new DataLoaderOptions { Prefetch = 0 }),

        ("Sgd: rate is at least 0, not -0.1.", () => Training.Optimizers.Sgd(-0.1)),
        ("Ftrl: rate is at least 0, not NaN.", () => Training.Optimizers.Ftrl(double.NaN)),
        ("Adam: rate at step 0 is at least 0, not -1.", () => Training.Optimizers.Adam(Training.Schedules.Cosine(-1, 10))),
        ("AddDecayedWeights: Rate is at least 0, not -1.", () => Training.Optimizers.AdamW(weightDecay: -1)),
        ("ScaleByAdam: Beta1 is at least 0 and below 1, not 1.", () => Training.Optimizers.Adam(beta1: 1)),
        ("Trace: Momentum is at least 0 and below 1, not -0.5.", () => Training.Optimizers.Momentum(momentum: -0.5)),
        ("ClipByNorm: Limit is above 0, not 0.", () => new ClipByNorm(0)),
        ("ScaleByTrustRatio: Most is at least Least, 2, not 1.", () => new ScaleByTrustRatio(2, 1)),
        ("LbfgsOptions: Curvature is above 0 and below 1, not 1.", () => new LbfgsOptions { Curvature = 1 }),

        ("StepDecay: every is at least 1, not 0.", () => Training.Schedules.StepDecay(0.1, 0, 0.5)),
        ("Exponential: factor is above 0, not -0.5.", () => Training.Schedules.Exponential(0.1, 10, -0.5)),
        ("Cosine: steps is at least 1, not -3.", () => Training.Schedules.Cosine(0.1, -3)),
        ("Warmup: steps is at least 1, not 0.", () => Training.Schedules.Warmup(0, 0.1)),
        ("Piecewise: step 1 is above 5, the step before it, not 5.", () => Training.Schedules.Piecewise(1, (5, 1), (5, 2))),

        ("SmoothedCrossEntropy: smoothing is at least 0 and below 1, not 1.", () => Training.Losses.SmoothedCrossEntropy(1)),
        ("Huber: delta is above 0, not 0.", () => Training.Losses.Huber(0)),
        ("TopAccuracy: k is at least 1, not 0.", () => Training.Metrics.TopAccuracy(0)),

        ("Subset: example is at least 0 and below 3, not 3.", () => new Subset(Three(), [0, 3])),
        ("Split: testFraction is from 0 to 1, not 1.5.", () => Three().Split(1.5, seed: 1)),
    ];

    public static TheoryData<string> Values => [.. Table.Select(row => row.Message)];

    [Theory, MemberData(nameof(Values))]
    public void A_value_out_of_range_is_named_with_its_range(string message)
    {
        var make = Table.Single(row => row.Message == message).Make;
        Assert.Equal(message, Assert.Throws<InvalidValueException>(make).Message);
    }

    [Fact]
    public void Data_sets_of_unequal_lengths_or_without_examples_are_refused_by_name()
    {
        Assert.Equal("\"x\" has 3 examples, but \"y\" has 2.", Assert.Throws<ShapeException>(() =>
            new InMemoryDataset(Column.Of("x", Tensor.Zeros(DType.Float32, [3, 2])), Column.Of("y", Tensor.Zeros(DType.Float32, [2])))).Message);
        Assert.Contains("at least one column", Assert.Throws<DunlinException>(() => new InMemoryDataset()).Message, StringComparison.Ordinal);
        Assert.Contains("\"x\" needs a first dimension", Assert.Throws<ShapeException>(() => Column.Of("x", Tensor.Scalar(1f))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DType.Int64, 2, "SoftmaxCrossEntropy")]
    [InlineData(DType.Float32, 1, "SoftmaxCrossEntropy")]
    [InlineData(DType.Bool, 1, "SoftmaxCrossEntropy")]
    public void Labels_that_do_not_fit_a_loss_are_named(DType type, int rank, string operation)
    {
        var graph = new Graph();
        var (scores, labels) = (graph.Placeholder("scores", DType.Float32, [-1, 10]), graph.Placeholder("labels", type, Shape.Create([.. Enumerable.Repeat(4, rank)])));
        var message = Assert.Throws<ShapeException>(() => Training.Losses.SoftmaxCrossEntropy(scores, labels)).Message;
        Assert.StartsWith($"In {operation} of scores, labels: {operation}(", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_is_named_around_the_node_that_does_not_fit_once()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [-1, 6]);
        var wrong = new Sequential(new Lambda(v => v.Sum([3])) { Name = "fold" }) { Name = "net" };
        var message = Assert.Throws<ShapeException>(() => new BuildContext(graph, training: true).Apply(new Sequential(new Linear(7) { Name = "first" }, wrong) { Name = "all" }, x)).Message;
        Assert.Contains("fold (Lambda) applied to Float32[?, 7]: In ", message, StringComparison.Ordinal);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(message, "Layer "));
    }

    private static InMemoryDataset Three() => new(Column.Of("x", Tensor.Zeros(DType.Float32, [3, 2])));
}
