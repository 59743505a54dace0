using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Samples.OwnParts;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.Tests;

public class OwnPartsTests
{
    [Fact]
    public void A_graph_of_its_own_learns()
    {
        var losses = OwnGraph.Fit(50);
        Assert.True(losses[^1] < losses[0] / 10, string.Join(", ", losses));
    }

    [Fact]
    public void Derivatives_of_all_kinds_agree_with_each_other()
    {
        var all = Derivatives.Compute();
        double[] Of(string name) => all[name].ToArray<double>();
        double[] v = [1, 2, -1], t = [0.1, 0.2, -0.3, 0.4];
        double Dot(double[] a, double[] b) => a.Zip(b, (p, q) => p * q).Sum();
        Assert.Equal(Dot(Of("gradient"), v), Of("along v")[0], 1e-12);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Dot(t, [.. Enumerable.Range(0, 4).Select(r => Of("Jacobian")[3 * r + i])]), Of("vector times Jacobian")[i], 1e-12);
            Assert.Equal(Dot(Of("Hessian")[(3 * i)..(3 * i + 3)], v), Of("Hessian times v")[i], 1e-12);
            Assert.Equal(Enumerable.Range(0, 4).Average(e => Of("of each example")[3 * e + i]), Of("gradient")[i], 1e-12);
        }
        Assert.Equal(Of("gradient"), Of("recomputed"));
        Assert.Equal([0.1, 0.1, 0.1], Of("through steps"));
        Assert.Equal(Math.Sqrt(0.14), Of("norms of rows")[0], 1e-12);
    }

    [Fact]
    public void Branches_and_loops_give_what_their_closed_forms_say()
    {
        (string Name, double[] Value, double[] Gradient)[] expected =
        [
            ("if", [1.5], [1]),
            ("while", [Math.Sqrt(2)], [0.5 / Math.Sqrt(2)]),
            ("repeat", [8], [12]),
            ("scan", [0.5, 1.25, 2.125, 3.0625], [0.9375, 0.875, 0.75, 0.5]),
            ("scan while", [1, 4, 9], [2, 4, 6, 0]),
            ("map", [5, 10], [0.6, 0.8, 0.6, 0.8]),
            ("fold", [26], [3 * 4 + 2 * 2 * 2 + 3]),
            ("growing", [2, 4, 4, 8, 4, 8, 8, 16], [27]),
        ];
        var loops = Loops.Compute();
        Assert.Equal(expected.Select(e => e.Name), loops.Select(l => l.Name));
        foreach (var ((_, value, gradient), loop) in expected.Zip(loops))
        {
            Assert.Equal(value, loop.Value.ToArray<double>(), (x, y) => Math.Abs(x - y) < 1e-9);
            Assert.Equal(gradient, loop.Gradient.ToArray<double>(), (x, y) => Math.Abs(x - y) < 1e-9);
        }
    }

    [Fact]
    public void An_own_layer_and_an_own_optimiser_train_a_model()
    {
        var model = new Sequential(new Flatten(), new Linear(16), new Gate(new Linear(16)), new Linear(10));
        var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, new Optimizer(new Signs(), new ScaleBySchedule(2e-3)));
        var result = new Trainer(recipe, new() { Epochs = 4, BatchSize = 20, ThreadsPerWorker = 1 }).Fit(GeneratedDigits.Create(200, 1, seed: 1).Train);
        Assert.Contains("gate/scale", result.Weights.Keys);
        Assert.True(result.Epochs[^1].Training["loss"] < result.Epochs[0].Training["loss"] / 2);
    }

    [Fact]
    public void An_own_optimiser_with_state_updates_the_rows_that_were_read()
    {
        var graph = new Graph();
        var table = graph.Variable("table", DType.Float32, [5, 2], Initializers.Ones);
        var gradient = Gradients.Of(table.Value.Gather(graph.Constant(Tensor.From([3L, 1, 3]))).Sum(), [table])[0]!;
        var updates = new Optimizer(new ScaleByBelief(), new ScaleBySchedule(0.1)).Build(graph, graph.Constant(0, DType.Int64), [new(table, gradient)]);
        using var session = new Session(graph);
        session.Compile([], [], updates).Run();
        // The first step's m / √s is the same for every gradient but its sign: (1 − β₁) / (β₁ · √(1 − β₂)), corrected by √(1 − β₂) / (1 − β₁).
        Assert.Equal([1, 1, 1 - 0.1f / 0.9f, 1 - 0.1f / 0.9f, 1, 1, 1 - 0.1f / 0.9f, 1 - 0.1f / 0.9f, 1, 1], session.Storage(table).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
    }
}
