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
    public void Adagrad_divides_by_the_root_of_the_sum_of_squares() =>
        // s = 0.1 + 1, then 0.1 + 1 + 4.
        Follows(Training.Optimizers.Adagrad(0.1), [1, 2], [1, 1], [1 - 0.1 / Math.Sqrt(1.1), 1 - 0.1 / Math.Sqrt(1.1) - 0.2 / Math.Sqrt(5.1)]);

    [Fact]
    public void Dual_averaging_starts_from_the_sum_of_all_gradients() =>
        // G = 2, S = 4: −(2 − 0.5) / (0.1 + √4.1). Then G = 6, S = 20, T = 2: −(6 − 1) / (0.2 + √20.1).
        Follows(Training.Optimizers.AdagradDa(1, l1: 0.5, l2: 0.1), [2, 4], [1, 1], [-1.5 / (0.1 + Math.Sqrt(4.1)), -5 / (0.2 + Math.Sqrt(20.1))]);

    [Fact]
    public void Adadelta_starts_with_the_root_of_epsilon()
    {
        // s = 0.1 · 4, u = √ε / √(s + ε) · 2; d = 0.1 · u², s = 0.9 · 0.4 + 0.1 · 16.
        var first = Math.Sqrt(0.01) / Math.Sqrt(0.41) * 2;
        var second = Math.Sqrt(0.1 * first * first + 0.01) / Math.Sqrt(1.97) * 4;
        Follows(Training.Optimizers.Adadelta(1, 0.9, 0.01), [2, 4], [1, 1], [1 - first, 1 - first - second]);
    }

    [Fact]
    public void Rmsprop_takes_the_rate_into_its_momentum()
    {
        // s = 0.4, m = 0.2 / √0.4; s = 1.96, m = 0.5 · 0.2 / √0.4 + 0.4 / √1.96.
        var (first, second) = (0.2 / Math.Sqrt(0.4), 0.5 * 0.2 / Math.Sqrt(0.4) + 0.4 / Math.Sqrt(1.96));
        Follows(Training.Optimizers.Rmsprop(0.1, 0.9, 0.5), [2, 4], [1, 1], [1 - first, 1 - first - second]);
    }

    [Fact]
    public void Centered_rmsprop_divides_by_the_deviation()
    {
        // s − c² = 0.4 − 0.2², then 1.96 − 0.58².
        var (first, second) = (0.2 / Math.Sqrt(0.36), 0.4 / Math.Sqrt(1.96 - 0.58 * 0.58));
        Follows(Training.Optimizers.Rmsprop(0.1, 0.9, centered: true), [2, 4], [1, 1], [1 - first, 1 - first - second]);
    }

    [Fact]
    public void Amsgrad_keeps_the_largest_second_moment() =>
        // v = 2, then 1: of 2 and 1, 2 stays. m = 1, then 0.5; factors √0.5 / 0.5 and √0.75 / 0.75.
        Follows(Training.Optimizers.Amsgrad(0.1, 0.5, 0.5), [2, 0], [1, 1], [1 - 0.1, 1 - 0.1 - 0.1 * Math.Sqrt(0.75) / 0.75 * 0.5 / Math.Sqrt(2)]);

    [Fact]
    public void Adamax_divides_by_the_largest_gradient_of_late() =>
        // m = 1, u = 2: 1 / 0.5 / 2 = 1. m = 1, u = max(1, 1) = 1: 1 / 0.75.
        Follows(Training.Optimizers.Adamax(0.1, 0.5, 0.5), [2, 1], [1, 1], [1 - 0.1, 1 - 0.1 - 0.1 / 0.75]);

    [Fact]
    public void Nadam_adds_the_next_momentum()
    {
        // Without growth of the momentum μ = 0.25 throughout: m = 1, then 1.5; v = 2, then 3; P = 1/4, 1/16, 1/64.
        var first = (0.25 * 1 / (1 - 1 / 16.0) + 0.75 * 2 / 0.75) / Math.Sqrt(2 / 0.5);
        var second = (0.25 * 1.5 / (1 - 1 / 64.0) + 0.75 * 2 / (1 - 1 / 16.0)) / Math.Sqrt(3 / 0.75);
        Follows(Training.Optimizers.Nadam(0.1, 0.5, 0.5, momentumDecay: 0), [2, 2], [1, 1], [1 - 0.1 * first, 1 - 0.1 * first - 0.1 * second]);
    }

    [Fact]
    public void Radam_begins_as_momentum() =>
        // ρ∞ = 1999 but ρ₁ = 1 and ρ₂ = 2: no division by the second moment yet.
        Follows(Training.Optimizers.Radam(0.1, 0.5), [2, 4], [1, 1], [1 - 0.1 * 1 / 0.5, 1 - 0.2 - 0.1 * 2.5 / 0.75]);

    [Fact]
    public void Lion_goes_by_the_sign() =>
        // Then m = 0.01 · 5: 0.9 · 0.05 − 0.1 · 1 < 0.
        Follows(Training.Optimizers.Lion(0.1), [5, -1], [1, 1], [0.9, 1]);

    [Fact]
    public void Ftrl_gives_exactly_0_below_the_threshold_and_the_formula_above()
    {
        Follows(Training.Optimizers.Ftrl(0.1, l1: 100), [2, 4], [1, 1], [0, 0]);
        // n = 4.1: z = 2 − (√4.1 − √0.1) / 0.1, w = −(z ± 1) / (√4.1 / 0.1 + 2); then n = 20.1.
        var z = 2 - (Math.Sqrt(4.1) - Math.Sqrt(0.1)) / 0.1;
        var w = -(z + 1) / (Math.Sqrt(4.1) / 0.1 + 2);
        var next = z + 4 - (Math.Sqrt(20.1) - Math.Sqrt(4.1)) / 0.1 * w;
        Follows(Training.Optimizers.Ftrl(0.1, l1: 1, l2: 1), [2, 4], [1, 1], [w, -(next + 1) / (Math.Sqrt(20.1) / 0.1 + 2)]);
    }

    [Fact]
    public void Proximal_steps_shrink_and_stop_at_0()
    {
        // 1 − 0.2 − 0.1 · 3 = 0.5 over 1.1; then 0.4545 − 0.4 = 0.0545, less than 0.3.
        Follows(Training.Optimizers.ProximalSgd(0.1, l1: 3, l2: 1), [2, 4], [1, 1], [0.5 / 1.1, 0]);
        var (a, b) = (0.1 / Math.Sqrt(4.1), 0.1 / Math.Sqrt(20.1));
        Follows(Training.Optimizers.ProximalAdagrad(0.1, l1: 3, l2: 1), [2, 4], [1, 1], [(1 - 5 * a) / (1 + a), ((1 - 5 * a) / (1 + a) - 7 * b) / (1 + b)]);
    }

    [Fact]
    public void Lars_moves_each_layer_by_a_part_of_its_length()
    {
        // Both elements are equal, so lengths cancel: r · (g + λ · w) = 0.1 · w / (g + λ · w) · (g + λ · w).
        Follows(Training.Optimizers.Lars(1, 0, 0.1, 0.5, 0), [2, 4], [1, 1], [0.9, 0.81], rank: 2);
        Follows(Training.Optimizers.Lars(0.1, 0, 0.1, 0.5, 0), [2, 4], [1, 1], [0.8, 0.4], rank: 1);
    }

    [Fact]
    public void Lamb_moves_each_layer_by_the_rate_times_its_length() => Follows(Training.Optimizers.Lamb(0.1), [2, 4], [1, 1], [0.9, 0.81], rank: 2);

    [Fact]
    public void Trust_ratios_leave_alone_what_starts_at_0()
    {
        Follows(Training.Optimizers.Lars(0.1, 0, weightDecay: 0), [2], [0, 0], [-0.2], rank: 2);
        Follows(Training.Optimizers.Lamb(0.1, weightDecay: 0, epsilon: 1e-12), [2], [0, 0], [-0.1], rank: 2);
    }

    [Fact]
    public void Averages_follow_the_weights_fast_at_first_and_slowly_later()
    {
        using var run = new OptimizerRun(Training.Optimizers.Sgd(1).Then(new AverageWeights(0.15)), DType.Float64, [1], sparse: false);
        run.Set(Tensor.From([0.0]));
        foreach (var (weight, average) in new[] { (-1, 0.1 * 0 - 0.9 * 1), (-2, 0.15 * -0.9 - 0.85 * 2) })
        {
            run.Step(Tensor.From([1.0]));
            Assert.Equal(weight, run.Weights<double>()[0]);
            Assert.Equal(average, run.State<double>("average")[0], 1e-12);
        }
    }

    [Fact]
    public void Lookahead_goes_half_of_the_way_back_after_every_k_updates()
    {
        using var run = new OptimizerRun(Training.Optimizers.Sgd(1).Then(new Lookahead(3)), DType.Float64, [1], sparse: false);
        run.Set(Tensor.From([0.0]));
        foreach (var expected in new[] { -1, -2, -1.5, -2.5, -3.5, -3 })
        {
            run.Step(Tensor.From([1.0]));
            Assert.Equal(expected, run.Weights<double>()[0], 1e-12);
        }
    }

    [Fact]
    public void Noise_has_the_given_variance_and_another_draw_at_each_update()
    {
        using var run = new OptimizerRun(new Optimizer(new AddNoise(0.25, 1), new Scale(-1)), DType.Float64, [20_000], sparse: false);
        run.Set(Tensor.From(new double[20_000]));
        run.Step(Tensor.From(new double[20_000]));
        var first = run.Weights<double>();
        run.Step(Tensor.From(new double[20_000]));
        double[] second = [.. run.Weights<double>().Zip(first, (b, a) => b - a)];
        Assert.Equal(0.25, first.Average(x => x * x), 0.02);
        Assert.Equal(0.125, second.Average(x => x * x), 0.01);
        Assert.Equal(0, first.Zip(second, (a, b) => a * b).Average(), 0.01);
    }

    [Fact]
    public void Centralisation_takes_the_mean_of_each_unit() =>
        Assert.Equal([-1, 1, -2, 2], UpdatedMatrix(new Centralize(), [1, 3, 4, 8]), Close);

    [Fact]
    public void A_link_that_changes_gradients_after_the_weights_are_set_is_refused() =>
        Assert.Contains("put it before", Assert.Throws<DunlinException>(() => Updated(new ProximalStep(0.1), [1], new Trace(0.9))).Message, StringComparison.Ordinal);

    [Fact]
    public void Numbers_out_of_range_are_refused_by_name()
    {
        foreach (var (name, make) in ((string, Func<object>)[])
        [
            ("Beta1", () => new ScaleByAdam(1)), ("Epsilon", () => new ScaleByAdam(Epsilon: 0)), ("Momentum", () => new Trace(-0.1)), ("Initial", () => new ScaleByAdagrad(0)),
            ("L1", () => new Ftrl(0.1, -1)), ("Limit", () => new ClipByNorm(double.NaN)), ("Every", () => new Lookahead(0)), ("Decay", () => new AverageWeights(1)),
        ])
            Assert.Contains($": {name} is ", Assert.Throws<InvalidValueException>(make).Message, StringComparison.Ordinal);
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

    private static float[] UpdatedMatrix(GradientTransform link, float[] gradient)
    {
        using var run = new OptimizerRun(new Optimizer(link, new Scale(-1)), DType.Float32, [2, gradient.Length / 2], sparse: false);
        run.Set(Tensor.From(new float[gradient.Length], [2, gradient.Length / 2]));
        run.Step(Tensor.From(gradient, [2, gradient.Length / 2]));
        return run.Weights<float>();
    }

    private static float[] Updated(GradientTransform link, float[] gradient, GradientTransform? after = null)
    {
        var graph = new Graph();
        var w = Vector(graph, "w", new float[gradient.Length]);
        using var session = new Session(graph, TestSession.Options);
        session.Compile([], [], new Optimizer(link, after ?? new Scale(-1)).Build(graph, graph.Constant(0, DType.Int64), [new(w, graph.Constant(Tensor.From(gradient)))])).Run();
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
