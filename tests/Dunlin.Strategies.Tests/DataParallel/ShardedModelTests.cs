using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>What models may hold besides plain weights, with the update shared by three workers: the bits of three workers that each hold all.</summary>
public class ShardedModelTests
{
    private static readonly Dictionary<string, (Func<Layer> Model, bool Words)> Models = new()
    {
        ["batch normalisation and dropout"] = (() => new Sequential(new Linear(8), new BatchNorm(), new Relu(), new Dropout(0.3), new Linear(5)), false),
        ["a layer that is used twice"] = (() => Twice(new Linear(6)), false),
        ["a part that is computed again"] = (() => Again(new Linear(9), new Linear(6)), false),
        ["a table whose gradient is sparse"] = (() => new Sequential(new Embedding(400, 3), new Flatten(), new Tanh(), new Linear(5)), true),
        ["a table whose gradient travels dense"] = (() => new Sequential(new Embedding(40, 3), new Flatten(), new Tanh(), new Linear(5)), true),
        ["a loop"] = (() => new Sequential(new Embedding(40, 6), new Recurrent(new LstmCell(5)) { LastOnly = true }, new Linear(5)), true),
        ["convolutions"] = (() => new Sequential(new Reshape([1, 2, 2]), new Conv2d(20, 1), new Relu(), new Conv2d(9, 2), new Flatten(), new Linear(5)), false),
        ["a frozen layer"] = (() => new Sequential(new Linear(6), new Frozen(), new Linear(5)), false),
        ["weights without use"] = (() => new Sequential(new Unused(), new Linear(5)), false),
        ["large weights"] = (() => new Sequential(new Linear(600), new Tanh(), new Linear(300), new Tanh(), new Linear(5)), false),
    };

    public static TheoryData<string, ShardingStage> Runs
    {
        get
        {
            var runs = new TheoryData<string, ShardingStage>();
            foreach (var name in Models.Keys)
                foreach (var stage in new[] { ShardingStage.OptimizerState, ShardingStage.Gradients, ShardingStage.Parameters }) runs.Add(name, stage);
            return runs;
        }
    }

    [Theory, MemberData(nameof(Runs))]
    public void Sharing_the_update_changes_no_bit(string name, ShardingStage stage)
    {
        var (whole, pieces) = (Train(name, ShardingStage.None), Train(name, stage));
        TestRuns.AssertEqual(whole.Weights, pieces.Weights);
        Assert.Equal(whole.Metrics["loss"], pieces.Metrics["loss"]);
    }

    [Theory, InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void Mixed_precision_changes_no_bit_either(ShardingStage stage) =>
        TestRuns.AssertEqual(Train("large weights", ShardingStage.None, DType.BFloat16).Weights, Train("large weights", stage, DType.BFloat16).Weights);

    /// <summary>Kernels that want weights in layouts of their own.</summary>
    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Parameters)]
    public void Nor_do_kernels_with_layouts(ShardingStage stage) =>
        TestRuns.AssertEqual(Train("convolutions", ShardingStage.None, kernels: "onednn").Weights, Train("convolutions", stage, kernels: "onednn").Weights);

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_of_all_workers_with_its_cause()
    {
        var data = new InMemoryDataset(Column.Of("x", Tensor.From([1f, float.PositiveInfinity, 2, 3], [4, 1])), Column.Of("class", Tensor.From([0L, 1, 2, 3])));
        var error = Assert.ThrowsAny<DunlinException>(() => new Trainer(new(new Linear(5), Losses.SoftmaxCrossEntropy, Optimizers.Adam()), Options(ShardingStage.Parameters)).Fit(data));
        Assert.Contains("of the batch's x is", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Of two test examples, one of the three workers gets none; it takes part all the same where weights are gathered.</summary>
    private static TrainingResult Train(string name, ShardingStage stage, DType precision = DType.Float32, string kernels = "managed")
    {
        var (model, words) = Models[name];
        InMemoryDataset Data(int examples) => new(
            words ? Column.Of("words", Tensor.From(Enumerable.Range(0, examples * 4).Select(i => (long)(i * i % 37)).ToArray(), [examples, 4]))
                : Column.Of("x", Tensor.From(Enumerable.Range(0, examples * 4).Select(i => MathF.Sin(i * i)).ToArray(), [examples, 4])),
            Column.Of("class", Tensor.From(Enumerable.Range(0, examples).Select(i => (long)(i % 5)).ToArray(), [examples])));
        return new Trainer(new(model(), Losses.SoftmaxCrossEntropy, Optimizers.AdamW(0.01)), Options(stage) with { Precision = precision, Kernels = KernelSets.Resolve(kernels) }).Fit(Data(23), Data(2));
    }

    private static TrainerOptions Options(ShardingStage stage) => TestRuns.Options(new DataParallel(3, new() { BucketBytes = 4096, Sharding = stage }), epochs: 3);

    private static Layer Twice(Linear layer) => new Sequential(new Linear(6), layer, new Tanh(), layer);

    private static Layer Again(Linear first, Linear second) => new Recomputed(first, second);

    private sealed class Recomputed(params Layer[] parts) : Layer
    {
        protected internal override Value Build(BuildContext context, Value input) => Recompute.Of(x => parts.Aggregate(x, (y, part) => context.Apply(part, y).Tanh()), input);
    }

    private sealed class Frozen : Layer
    {
        protected internal override Value Build(BuildContext context, Value input) => input * context.Variable("scale", [input.Shape[^1]], Initializers.Constant(0.5), trainable: false).Value;
    }

    private sealed class Unused : Layer
    {
        protected internal override Value Build(BuildContext context, Value input)
        {
            context.Variable("spare", [7], Initializers.Normal());
            return input;
        }
    }
}
