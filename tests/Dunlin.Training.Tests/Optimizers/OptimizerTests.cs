using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Optimizers;

public class OptimizerTests
{
    [Fact]
    public void Sgd_steps_down_the_gradient() => Follows(Training.Optimizers.Sgd(0.5), [2, 4], [1, 1], [1 - 1, 1 - 1 - 2]);

    [Fact]
    public void Momentum_accumulates_gradients() =>
        // a = 2, 0.9 · 2 + 4 = 5.8.
        Follows(Training.Optimizers.Momentum(0.1, 0.9), [2, 4], [1, 1], [1 - 0.2, 1 - 0.2 - 0.58]);

    [Fact]
    public void Nesterov_looks_ahead() =>
        // g + μ a: 2 + 1.8 = 3.8, then 4 + 0.9 · 5.8 = 9.22.
        Follows(Training.Optimizers.Nesterov(0.1, 0.9), [2, 4], [1, 1], [1 - 0.38, 1 - 0.38 - 0.922]);

    [Fact]
    public void Adam_takes_two_steps_as_computed_by_hand()
    {
        // m = 0.2, v = 0.004: √(1 − 0.999) / (1 − 0.9) · 0.2 / √0.004 = 1. Then m = 0.58, v = 0.019996, factor √(1 − 0.999²) / 0.19.
        var second = Math.Sqrt(1 - 0.999 * 0.999) / 0.19 * 0.58 / Math.Sqrt(0.019996);
        Follows(Training.Optimizers.Adam(0.01), [2, 4], [1, 1], [1 - 0.01, 1 - 0.01 - 0.01 * second]);
    }

    [Fact]
    public void Adam_under_a_constant_gradient_moves_by_the_rate() => Follows(Training.Optimizers.Adam(0.01), [1, 1, 1, 1, 1], [1, 1], [0.99, 0.98, 0.97, 0.96, 0.95]);

    [Fact]
    public void AdamW_decays_weights_apart_from_the_gradient() =>
        Follows(Training.Optimizers.AdamW(0.01, weightDecay: 0.5), [2, 2], [1, 1], [1 - 0.01 * 1.5, 1 - 0.015 - 0.01 * (1 + 0.5 * 0.985)], rank: 2);

    [Fact]
    public void Momentum_of_a_constant_gradient_tends_to_its_geometric_sum()
    {
        var (a, w) = (0.0, 1.0);
        var expected = new double[8];
        for (var t = 0; t < expected.Length; t++)
        {
            a = (1 - Math.Pow(0.5, t + 1)) / 0.5;
            expected[t] = w -= 0.1 * a;
        }
        Follows(Training.Optimizers.Momentum(0.1, 0.5), [.. expected.Select(_ => 1.0)], [1, 1], expected);
    }

    [Fact]
    public void Decay_leaves_biases_alone_unless_told()
    {
        Follows(Training.Optimizers.Sgd(0.1, weightDecay: 0.5), [1], [1, 1], [1 - 0.15], rank: 2);
        Follows(Training.Optimizers.Sgd(0.1, weightDecay: 0.5), [1], [1, 1], [1 - 0.1], rank: 1);
        Follows(new Optimizer(new AddDecayedWeights(0.5, AllVariables: true), new Scale(0.1)), [1], [1, 1], [1 - 0.15], rank: 1);
    }

    [Fact]
    public void Clipping_shortens_what_is_too_long_and_leaves_the_rest()
    {
        Assert.Equal([3, -4], Updated(new ClipByNorm(6), [3, -4]), Close);
        Assert.Equal([1.5f, -2], Updated(new ClipByNorm(2.5), [3, -4]), Close);
        Assert.Equal([2, -2], Updated(new ClipByValue(2), [3, -4]), Close);
    }

    [Fact]
    public void The_global_norm_joins_all_gradients()
    {
        var graph = new Graph();
        Variable[] w = [Vector(graph, "a", 0), Vector(graph, "b", 0, 0)];
        Value[] g = [graph.Constant(Tensor.From(new float[] { 3 })), graph.Constant(Tensor.From(new float[] { 0, 4 }))];
        var assignments = new Optimizer(new ClipByGlobalNorm(1)).Build(graph, graph.Constant(0, DType.Int64), [new(w[0], g[0]), new(w[1], g[1])]);
        using var session = new Session(graph, TestSession.Options);
        session.Compile([], [], assignments).Run();
        Assert.Equal(-0.6f, session.Storage(w[0]).Span<float>()[0], 1e-6f);
        Assert.Equal([0, -0.8f], session.Storage(w[1]).ToArray<float>(), Close);
    }

    [Fact]
    public void Sparse_gradients_change_their_rows_and_add_up_repetitions()
    {
        var graph = new Graph();
        var table = graph.Variable("table", DType.Float32, [4, 2], new TestSession.Given(1, 1, 2, 2, 3, 3, 4, 4));
        var rows = table.Value.Gather(graph.Constant(Tensor.From([2, 0, 2])));
        var gradient = Gradients.Of(rows.Sum(), [table])[0]!;
        Assert.True(gradient.IsSparse);
        var assignments = Training.Optimizers.Sgd(0.5).Build(graph, graph.Constant(0, DType.Int64), [new(table, gradient)]);
        using var session = new Session(graph, TestSession.Options);
        var step = session.Compile([], [], assignments);
        step.Run();
        Assert.Equal([0.5f, 0.5f, 2, 2, 2, 2, 4, 4], session.Storage(table).ToArray<float>());
        Assert.DoesNotContain(step.PlanFor([]).Operations, o => o.Contains("Fill", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_parameter_is_updated_in_one_pass_over_memory()
    {
        foreach (var optimizer in (Optimizer[])[Training.Optimizers.Sgd(0.1), Training.Optimizers.Nesterov(0.1, weightDecay: 0.1), Training.Optimizers.Adam(0.1), Training.Optimizers.AdamW(0.1)])
        {
            var graph = new Graph();
            Variable[] parameters = [graph.Variable("a", DType.Float32, [3, 5], Training.Initializers.Ones), graph.Variable("b", DType.Float32, [1, 7], Training.Initializers.Ones)];
            Value[] gradients = [.. parameters.Select(p => graph.Placeholder("g", DType.Float32, p.TensorType.Shape))];
            var assignments = optimizer.Build(graph, graph.Placeholder("step", DType.Int64, []), [.. parameters.Zip(gradients, (p, g) => new Parameter(p, g))]);
            var feeds = graph.Nodes.Where(n => n.Operation is Placeholder).Select(n => n.Outputs[0]).ToList();
            using var session = new Session(graph, TestSession.Options);
            var plan = session.Compile(feeds, [], assignments).PlanFor([.. feeds.Select(f => Tensor.Zeros(f.Type, f.Shape))]);
            foreach (var parameter in parameters) Assert.Single(plan.Operations, o => o.Contains(parameter.TensorType.ToString(), StringComparison.Ordinal));
        }
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-6;

    private static Variable Vector(Graph graph, string name, params float[] elements) => graph.Variable(name, DType.Float32, [elements.Length], new TestSession.Given(elements));

    private static float[] Updated(GradientTransform link, float[] gradient)
    {
        var graph = new Graph();
        var w = Vector(graph, "w", new float[gradient.Length]);
        using var session = new Session(graph, TestSession.Options);
        session.Compile([], [], new Optimizer(link, new Scale(-1)).Build(graph, graph.Constant(0, DType.Int64), [new(w, graph.Constant(Tensor.From(gradient)))])).Run();
        return session.Storage(w).ToArray<float>();
    }

    /// <summary>Runs an optimiser on two equal weights with the given gradients and compares the first weight after each step.</summary>
    private static void Follows(Optimizer optimizer, double[] gradients, float[] start, double[] expected, int rank = 1)
    {
        var graph = new Graph();
        Shape shape = rank == 1 ? [2] : [1, 2];
        var w = graph.Variable("w", DType.Float32, shape, new TestSession.Given(start));
        var step = graph.Variable("step", DType.Int64, [], Training.Initializers.Zeros, trainable: false);
        var g = graph.Placeholder("g", DType.Float32, shape);
        using var session = new Session(graph, TestSession.Options);
        var run = session.Compile([g], [], [.. optimizer.Build(graph, step, [new(w, g)]), step.Assign(step.Value + 1)]);
        for (var t = 0; t < gradients.Length; t++)
        {
            run.Run(Tensor.From([(float)gradients[t], (float)gradients[t]], shape));
            Assert.Equal(expected[t], session.Storage(w).Span<float>()[0], 2e-6);
        }
    }
}
