using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>What each worker holds, in bytes of variables and of the step's plan.</summary>
public class ShardingMemoryTests
{
    private const int Workers = 4, Layers = 16, Width = 128;

    /// <summary>The weights of one layer are a bucket of their own.</summary>
    private const long LayerBytes = Width * Width * sizeof(float), WeightBytes = Layers * LayerBytes;

    /// <summary>What is under way or at work at once: two buckets of gradients and the one that is filled, two of weights, the activations.</summary>
    private const long Traffic = 6 * LayerBytes;

    [Fact]
    public void Each_stage_takes_less_memory_of_each_worker()
    {
        var (none, state, gradients, parameters) = (Measure(ShardingStage.None), Measure(ShardingStage.OptimizerState), Measure(ShardingStage.Gradients), Measure(ShardingStage.Parameters));
        // Beside Adam's two moments there is the counter of the steps.
        Assert.Equal((WeightBytes, 2 * WeightBytes + 8), (none.Weights, none.State));
        Assert.Equal((WeightBytes, 2 * WeightBytes / Workers + 8), (state.Weights, state.State));
        Assert.Equal((WeightBytes, 2 * WeightBytes / Workers + 8), (gradients.Weights, gradients.State));
        Assert.Equal((WeightBytes / Workers, 2 * WeightBytes / Workers + 8), (parameters.Weights, parameters.State));
        Assert.InRange(none.Arena, WeightBytes, WeightBytes + Traffic);
        Assert.InRange(state.Arena, WeightBytes, WeightBytes + Traffic);
        Assert.InRange(gradients.Arena, WeightBytes / Workers, WeightBytes / Workers + Traffic);
        Assert.InRange(parameters.Arena, WeightBytes / Workers, WeightBytes / Workers + Traffic);
    }

    /// <summary>Weights are under way while those before them are at work, in both directions.</summary>
    [Fact]
    public void Weights_are_gathered_ahead_of_their_use()
    {
        string[] plan = [];
        Measure(ShardingStage.Parameters, operations => plan = operations);
        foreach (var layer in Enumerable.Range(0, Layers - 2))
        {
            var product = Array.FindIndex(plan, o => o.Contains($"({(layer == 0 ? "linear" : $"linear_{layer}")}/MatMul)", StringComparison.Ordinal));
            Assert.True(Array.FindIndex(plan, o => o.Contains($"(AllGatherStart_{layer + 1})", StringComparison.Ordinal)) < product);
            Assert.True(Array.FindIndex(plan, o => o.Contains($"(AllGatherStart_{layer + 2})", StringComparison.Ordinal)) > product);
        }
        foreach (var layer in Enumerable.Range(2, Layers - 3))
        {
            var product = Array.FindIndex(plan, o => o.StartsWith($"MatMul (gradients/linear_{layer}/MatMul/MatMul)", StringComparison.Ordinal));
            Assert.True(Array.FindIndex(plan, o => o.Contains($"(gradients/linear_{layer - 1}/MatMul/AllGatherStart)", StringComparison.Ordinal)) < product);
        }
    }

    /// <summary>
    /// What each worker sends in a step: parts of gradients to those who sum them, and of sums to all, or to their owners; weights after the update, or twice; but the last are still there, and no gradient of the
    /// data asks for the first.
    /// </summary>
    [Theory, InlineData(ShardingStage.None, 2 * Layers), InlineData(ShardingStage.OptimizerState, 3 * Layers), InlineData(ShardingStage.Gradients, 2 * Layers), InlineData(ShardingStage.Parameters, 3 * Layers - 2)]
    public void As_many_bytes_travel_as_the_stage_says(ShardingStage sharding, int layers)
    {
        long Bytes(int steps)
        {
            var strategy = new CountingStrategy(new DataParallel(Workers, new() { BucketBytes = LayerBytes, Sharding = sharding }));
            new Trainer(new(Model, Losses.Squared, Optimizers.Adam()), TestRuns.Options(strategy, epochs: steps)).Fit(Data);
            return strategy.Bytes;
        }
        // Of each layer, all but the worker's own quarter. The loss and the wish to stop take 64 bytes each, there and back.
        Assert.Equal((Workers - 1) * (layers * LayerBytes + 2 * 128), Bytes(2) - Bytes(1));
    }

    private static Layer Model => new Sequential([.. Enumerable.Range(0, Layers).SelectMany(_ => new Layer[] { new Linear(Width, bias: false), new Tanh() })]);

    private static InMemoryDataset Data => new(Column.Of("x", Tensor.Zeros(DType.Float32, [8, Width])), Column.Of("y", Tensor.Zeros(DType.Float32, [8, Width])));

    private static (long Weights, long State, long Arena) Measure(ShardingStage sharding, Action<string[]>? see = null)
    {
        var result = (0L, 0L, 0L);
        new DataParallel(Workers, new() { BucketBytes = LayerBytes, Sharding = sharding }).Run(worker =>
        {
            using var graph = new TrainingGraph(new(Model, Losses.Squared, Optimizers.Adam()), TestRuns.Options(new DataParallel(Workers), 1), worker, Data);
            using var step = graph.Session.Compile([graph.Input, graph.Target, graph.Weight, graph.StopRequest], graph.Totals, graph.Updates);
            var (x, scalar) = (Tensor.Zeros(DType.Float32, [2, Width]), Tensor.Zeros(DType.Float32, []));
            var plan = step.PlanFor([x, x, scalar, scalar]);
            step.Run(x, x, scalar, scalar);
            if (worker.Rank != 0) return;
            result = (graph.ModelVariables.Sum(v => v.TensorType.Bytes), graph.State.Sum(s => s.Variable.TensorType.Bytes), plan.ArenaBytes);
            see?.Invoke([.. plan.Operations]);
        });
        return result;
    }
}
