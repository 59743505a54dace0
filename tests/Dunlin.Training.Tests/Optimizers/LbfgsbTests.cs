namespace Dunlin.Training.Tests.Optimizers;

public class LbfgsbTests
{
    private const double Infinity = double.PositiveInfinity;

    private static readonly Dictionary<string, (Objective Function, double[] Start, double[] Lower, double[] Upper, double[] Minimum)> Problems = new()
    {
        // Problems 1 to 5 of Hock and Schittkowski, "Test examples for nonlinear programming codes" (1981).
        ["1"] = (Rosenbrock, [-2, 1], [-Infinity, -1.5], [Infinity, Infinity], [1, 1]),
        ["2"] = (Rosenbrock, [-2, 1], [-Infinity, 1.5], [Infinity, Infinity], [2 * Math.Sqrt(598 / 1200.0) * Math.Cos(Math.Acos(0.0025 / Math.Pow(598 / 1200.0, 1.5)) / 3), 1.5]),
        ["3"] = (Of((x, g) => { (g[0], g[1]) = (-2e-5 * (x[1] - x[0]), 1 + 2e-5 * (x[1] - x[0])); return x[1] + 1e-5 * (x[1] - x[0]) * (x[1] - x[0]); }), [10, 1], [-Infinity, 0], [Infinity, Infinity], [0, 0]),
        ["4"] = (Of((x, g) => { (g[0], g[1]) = ((x[0] + 1) * (x[0] + 1), 1); return Math.Pow(x[0] + 1, 3) / 3 + x[1]; }), [1.125, 0.125], [1, 0], [Infinity, Infinity], [1, 0]),
        ["5"] = (Of((x, g) =>
        {
            var c = Math.Cos(x[0] + x[1]);
            (g[0], g[1]) = (c + 2 * (x[0] - x[1]) - 1.5, c - 2 * (x[0] - x[1]) + 2.5);
            return Math.Sin(x[0] + x[1]) + (x[0] - x[1]) * (x[0] - x[1]) - 1.5 * x[0] + 2.5 * x[1] + 1;
        }), [0, 0], [-1.5, -3], [4, 3], [-Math.PI / 3 + 0.5, -Math.PI / 3 - 0.5]),
    };

    public static TheoryData<string> Names => [.. Problems.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Problems_of_the_literature_are_solved(string problem)
    {
        var (function, start, lower, upper, minimum) = Problems[problem];
        double[] x = [.. start];
        var result = Lbfgsb.Minimize(function, x, lower, upper, new() { GradientTolerance = 1e-9, MaxIterations = 500 });
        Assert.True(result.Iterations < 100 && result.Evaluations < 200, $"{result}");
        for (var i = 0; i < x.Length; i++) Assert.True(Math.Abs(minimum[i] - x[i]) <= 2e-4, $"[{i}]: {x[i]}, expected {minimum[i]}; {result}");
    }

    /// <summary>Against steepest descent cut at the bounds, which takes thousands of steps to the same point. Some bounds are met, others are not.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Quadratics_end_where_projected_descent_does(uint seed)
    {
        const int n = 12;
        var b = OptimizerRun.Draw(n * n, seed);
        var h = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++) h[i, j] = Enumerable.Range(0, n).Sum(k => b[i * n + k] * b[j * n + k]) / n + (i == j ? 0.1 : 0);
        var c = OptimizerRun.Draw(n, seed + 100);
        double Function(ReadOnlySpan<double> x, Span<double> g)
        {
            var value = 0.0;
            for (var i = 0; i < n; i++)
            {
                g[i] = c[i];
                for (var j = 0; j < n; j++) g[i] += h[i, j] * x[j];
                value += x[i] * (g[i] + c[i]) / 2;
            }
            return value;
        }
        double[] lower = [.. OptimizerRun.Draw(n, seed + 200).Select(x => -Math.Abs(x))], upper = [.. OptimizerRun.Draw(n, seed + 300).Select(x => Math.Abs(x))];
        var (slow, gradient) = (new double[n], new double[n]);
        for (var t = 0; t < 20_000; t++)
        {
            Function(slow, gradient);
            for (var i = 0; i < n; i++) slow[i] = Math.Clamp(slow[i] - 0.15 * gradient[i], lower[i], upper[i]);
        }
        var fast = new double[n];
        var result = Lbfgsb.Minimize(Function, fast, lower, upper, new() { GradientTolerance = 1e-7, MaxIterations = 200 });
        Assert.True(result.Reason == LbfgsReason.GradientTolerance && result.Iterations < 60, $"{result}");
        for (var i = 0; i < n; i++) Assert.Equal(slow[i], fast[i], 1e-6);
        Assert.Contains(fast.Zip(lower), p => p.First == p.Second);
        Assert.Contains(fast.Zip(lower.Zip(upper)), p => p.First > p.Second.First && p.First < p.Second.Second);
    }

    [Fact]
    public void Without_bounds_it_is_L_BFGS()
    {
        double[] x = [-1.2, 1, -1.2, 1, -1.2, 1], none = [.. x.Select(_ => Infinity)];
        var result = Lbfgsb.Minimize(Rosenbrock, x, [.. none.Select(b => -b)], none, new() { GradientTolerance = 1e-8, MaxIterations = 300 });
        Assert.True(result.IsConverged && result.Evaluations < 150, $"{result}");
        Assert.All(x, value => Assert.Equal(1, value, 1e-7));
    }

    /// <summary>Every evaluation, the last one included, lies in the box.</summary>
    [Fact]
    public void Nothing_beyond_the_bounds_is_evaluated()
    {
        double[] x = [5, 5], lower = [-1, -0.5], upper = [0.25, 2];
        double Checked(ReadOnlySpan<double> at, Span<double> g)
        {
            for (var i = 0; i < 2; i++) Assert.InRange(at[i], lower[i] - 1e-12, upper[i] + 1e-12);
            return Rosenbrock(at, g);
        }
        Lbfgsb.Minimize(Checked, x, lower, upper, new() { GradientTolerance = 1e-9 });
        Assert.Equal(0.25, x[0]);
        Assert.Equal(0.0625, x[1], 1e-8);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Contains("1 and 2", Assert.Throws<DunlinException>(() => Lbfgsb.Minimize(Rosenbrock, [1, 1], [0], [1, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("element 1, 2, is above", Assert.Throws<DunlinException>(() => Lbfgsb.Minimize(Rosenbrock, [1, 1], [0, 2], [1, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("finite", Assert.Throws<DunlinException>(() => Lbfgsb.Minimize(Of((_, _) => double.NaN), [1], [0], [1])).Message, StringComparison.Ordinal);
    }

    private delegate double Formula(double[] x, double[] gradient);

    private static Objective Of(Formula formula) => (x, gradient) =>
    {
        var g = new double[x.Length];
        var value = formula(x.ToArray(), g);
        g.CopyTo(gradient);
        return value;
    };

    private static double Rosenbrock(ReadOnlySpan<double> x, Span<double> gradient)
    {
        var value = 0.0;
        for (var i = 0; i < x.Length; i += 2)
        {
            var (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i]);
            (gradient[i], gradient[i + 1]) = (-400 * x[i] * a - 2 * b, 200 * a);
            value += 100 * a * a + b * b;
        }
        return value;
    }
}
