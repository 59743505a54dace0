using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Optimizers;

public class LbfgsTests
{
    [Theory]
    [InlineData(LineSearch.StrongWolfe, 2, 60), InlineData(LineSearch.StrongWolfe, 10, 150), InlineData(LineSearch.Backtracking, 2, 80), InlineData(LineSearch.Backtracking, 10, 200)]
    public void The_valley_of_Rosenbrock_is_followed_to_its_end(LineSearch search, int dimensions, int evaluations)
    {
        double[] x = [.. Enumerable.Range(0, dimensions).Select(i => i % 2 == 0 ? -1.2 : 1)];
        var result = Lbfgs.Minimize(Rosenbrock, x, new() { LineSearch = search, GradientTolerance = 1e-9, MaxIterations = 500 });
        Assert.Equal(LbfgsReason.GradientTolerance, result.Reason);
        Assert.True(result.IsConverged && result.GradientNorm <= 1e-9 && result.Evaluations <= evaluations, $"{result}");
        Assert.All(x, value => Assert.Equal(1, value, 1e-8));
    }

    [Theory, InlineData(1), InlineData(5), InlineData(8)]
    public void A_quadratic_of_d_dimensions_takes_at_most_d_plus_1_steps_with_exact_line_searches(int dimensions)
    {
        double[] x = [.. Enumerable.Range(0, dimensions).Select(i => 1.0 + i)];
        double Quadratic(ReadOnlySpan<double> at, Span<double> gradient)
        {
            var value = 0.0;
            for (var i = 0; i < at.Length; i++)
            {
                gradient[i] = (i + 1) * (at[i] - 3);
                value += 0.5 * (i + 1) * (at[i] - 3) * (at[i] - 3);
            }
            return value;
        }
        var result = Lbfgs.Minimize(Quadratic, x, new() { History = dimensions + 1, Curvature = 1e-9, SufficientDecrease = 1e-10, GradientTolerance = 1e-7 });
        Assert.True(result.Reason == LbfgsReason.GradientTolerance && result.Iterations <= dimensions + 1, $"{result}");
    }

    [Fact]
    public void A_logistic_regression_is_fitted_to_a_gradient_of_1e_8()
    {
        const int count = 200, features = 5;
        var x = Tensor.From(OptimizerRun.Draw(count * features, 1), [count, features]);
        var noise = OptimizerRun.Draw(count, 2);
        double[] truth = [1, -2, 0.5, 0, 3];
        var y = new double[count];
        for (var i = 0; i < count; i++) y[i] = noise[i] + Enumerable.Range(0, features).Sum(k => truth[k] * x.Span<double>()[i * features + k]) > 0.3 ? 1 : 0;
        var graph = new Graph();
        var (w, b) = (graph.Variable("w", DType.Float64, [features, 1], Training.Initializers.Zeros), graph.Variable("b", DType.Float64, [1], Training.Initializers.Zeros));
        var (inputs, targets) = (graph.Placeholder("x", DType.Float64, [count, features]), graph.Placeholder("y", DType.Float64, [count, 1]));
        var score = inputs.MatMul(w) + b.Value;
        var loss = (score.Softplus() - score * targets).Mean() + (w.Value.Square().Sum() + b.Value.Square().Sum()) * 0.005;
        using var session = new Session(graph, TestSession.Options);
        (Value, Tensor)[] feeds = [(inputs, x), (targets, Tensor.From(y, [count, 1]))];
        var before = session.Run(loss, feeds).Item<double>();
        var result = Lbfgs.Minimize(session, loss, [w, b], new() { GradientTolerance = 1e-8 }, feeds);
        Assert.True(result.Reason == LbfgsReason.GradientTolerance && result.Evaluations < 60 && result.Value < before / 2, $"{result}, from {before}");
        // The session holds what was found: there the gradient vanishes and the loss is the result's.
        Assert.Equal(result.Value, session.Run(loss, feeds).Item<double>(), 1e-12);
        foreach (var gradient in Gradients.Of(loss, [w, b])) Assert.All(session.Run(gradient!.Dense(), feeds).ToArray<double>(), g => Assert.InRange(g, -1e-8, 1e-8));
    }

    [Fact]
    public void Float32_variables_are_fitted_as_closely_as_they_can()
    {
        var graph = new Graph();
        var w = graph.Variable("w", DType.Float32, [3], Training.Initializers.Ones);
        using var session = new Session(graph, TestSession.Options);
        var result = Lbfgs.Minimize(session, (w.Value - graph.Constant(Tensor.From(new float[] { 1, 2, 3 }))).Square().Sum(), [w], new() { GradientTolerance = 1e-5 });
        Assert.True(result.IsConverged, $"{result}");
        Assert.Equal([1, 2, 3], session.Storage(w).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void It_says_why_it_ends()
    {
        LbfgsResult Run(LbfgsOptions options, Objective? objective = null) => Lbfgs.Minimize(objective ?? Rosenbrock, [-1.2, 1], options);
        Assert.Equal((LbfgsReason.MaxIterations, 3), Run(new() { MaxIterations = 3 }) is var r ? (r.Reason, r.Iterations) : default);
        Assert.Equal((LbfgsReason.MaxEvaluations, 5), Run(new() { MaxEvaluations = 5 }) is var e ? (e.Reason, e.Evaluations) : default);
        Assert.Equal(LbfgsReason.ValueTolerance, Run(new() { ValueTolerance = 0.5, GradientTolerance = 0 }).Reason);
        // A gradient of the wrong sign points uphill.
        Assert.Equal(LbfgsReason.LineSearchFailed, Run(new(), (at, gradient) =>
        {
            var value = Rosenbrock(at, gradient);
            foreach (ref var g in gradient) g = -g;
            return value;
        }).Reason);
        Assert.Contains("NaN", Assert.Throws<DunlinException>(() => Run(new(), (_, _) => double.NaN)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(LineSearch.StrongWolfe), InlineData(LineSearch.Backtracking)]
    public void Where_the_function_has_no_value_the_search_comes_back(LineSearch search)
    {
        // x − ln x is lowest at 1 and has no value below 0, where the first step leads.
        double[] x = [30];
        var result = Lbfgs.Minimize((at, gradient) =>
        {
            gradient[0] = 100 * (1 - 1 / at[0]);
            return at[0] > 0 ? 100 * (at[0] - Math.Log(at[0])) : double.NaN;
        }, x, new() { LineSearch = search, GradientTolerance = 1e-8 });
        Assert.Equal(LbfgsReason.GradientTolerance, result.Reason);
        Assert.Equal(1, x[0], 1e-8);
    }

    [Fact]
    public void What_cannot_be_minimised_is_refused_by_name()
    {
        var graph = new Graph();
        var (w, other) = (graph.Variable("w", DType.Float64, [2], Training.Initializers.Ones), graph.Variable("other", DType.Float64, [2], Training.Initializers.Ones));
        var half = graph.Variable("half", DType.Float16, [2], Training.Initializers.Ones);
        using var session = new Session(graph, TestSession.Options);
        Assert.Contains("does not depend on the variable other", Assert.Throws<DunlinException>(() => Lbfgs.Minimize(session, w.Value.Sum(), [w, other])).Message, StringComparison.Ordinal);
        Assert.Contains("half", Assert.Throws<DunlinException>(() => Lbfgs.Minimize(session, half.Value.Sum(), [half])).Message, StringComparison.Ordinal);
    }

    private static double Rosenbrock(ReadOnlySpan<double> x, Span<double> gradient)
    {
        gradient.Clear();
        var value = 0.0;
        for (var i = 0; i + 1 < x.Length; i++)
        {
            var (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i]);
            value += 100 * a * a + b * b;
            gradient[i] += -400 * a * x[i] - 2 * b;
            gradient[i + 1] += 200 * a;
        }
        return value;
    }
}
