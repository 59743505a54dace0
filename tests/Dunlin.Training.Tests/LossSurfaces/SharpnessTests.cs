using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training.LossSurfaceTests;

public class SharpnessTests
{
    private static readonly double[] Curvatures = [0.3, 5, 1, 0.02, 12, 2];

    /// <summary>f = h/2 · x² at 0: the maximum is at the edge ε of the box, φ = 100 · h/2 · ε².</summary>
    [Theory, InlineData(1, 1e-3), InlineData(1e-3, 1e-3), InlineData(200, 5e-4), InlineData(1e6, 1e-3)]
    public void A_parabola_is_as_sharp_as_its_edge_is_high(double h, double epsilon)
    {
        var result = Sharpness.Measure(Bowl([h], [0], 0), [0], new() { Epsilon = epsilon });
        Assert.Equal(100 * h / 2 * epsilon * epsilon, result.Value, 1e-6 * 100 * h / 2 * epsilon * epsilon);
        Assert.Equal(0, result.Loss);
    }

    /// <summary>f = c + Σ hᵢ/2 · (xᵢ − mᵢ)² at m: half-widths ε · (1 + |mᵢ|), and φ is relative to 1 + c.</summary>
    [Theory, InlineData(0), InlineData(0.7)]
    public void A_bowl_away_from_0_has_a_wider_box(double floor)
    {
        double[] m = [0.5, -3, 0, 10, 1, -0.1];
        var result = Sharpness.Measure(Bowl(Curvatures, m, floor), m);
        var highest = m.Select((x, i) => Curvatures[i] / 2 * Math.Pow(1e-3 * (1 + Math.Abs(x)), 2)).Sum();
        Assert.Equal(100 * highest / (1 + floor), result.Value, 1e-5 * result.Value);
        Assert.Equal(floor, result.Loss);
        Assert.Equal(floor + highest, result.Highest, 1e-9);
    }

    /// <summary>f = g · x: the maximum is Σ |gᵢ| · εᵢ, whatever the scale of the slopes.</summary>
    [Theory, InlineData(1), InlineData(1e-8), InlineData(1e8)]
    public void A_slope_is_followed_to_the_corner(double scale)
    {
        double[] slopes = [.. Curvatures.Select(c => scale * c * (c > 1 ? -1 : 1))], x = [1, 2, 3, 4, 5, 6];
        var result = Sharpness.Measure((at, g) =>
        {
            slopes.CopyTo(g);
            var sum = 0.0;
            for (var i = 0; i < at.Length; i++) sum += slopes[i] * (at[i] - x[i]);
            return sum;
        }, x);
        Assert.Equal(slopes.Select((g, i) => Math.Abs(g) * 1e-3 * (1 + x[i])).Sum(), result.Highest, 1e-9 * scale);
    }

    /// <summary>Along random directions f(x + A · z) of a linear f is linear in z with slopes Aᵀ · g.</summary>
    [Fact]
    public void Random_directions_span_a_box_of_their_own()
    {
        const int n = 50, q = 7;
        var (slopes, x) = (Draw(n, 1), Draw(n, 2));
        Objective linear = (at, g) =>
        {
            slopes.CopyTo(g);
            var sum = 0.0;
            for (var i = 0; i < at.Length; i++) sum += slopes[i] * (at[i] - x[i]);
            return sum;
        };
        var directions = RandomDirections.Draw(n, q, seed: 3);
        var expected = directions.Project(slopes).Zip(directions.Coordinates(x), (g, c) => Math.Abs(g) * 1e-3 * (1 + Math.Abs(c))).Sum();
        var result = Sharpness.Measure(linear, x, new() { Directions = q, Seed = 3 });
        Assert.Equal(100 * expected, result.Value, 1e-6 * result.Value);
        Assert.Equal(result, Sharpness.Measure(linear, x, new() { Directions = q, Seed = 3 }));
        Assert.NotEqual(result.Value, Sharpness.Measure(linear, x, new() { Directions = q, Seed = 4 }).Value, 1e-3);
    }

    /// <summary>A⁺ · A · z = z, and what is left of x is orthogonal to all directions.</summary>
    [Fact]
    public void Coordinates_are_those_of_the_nearest_point_among_the_directions()
    {
        var directions = RandomDirections.Draw(30, 4, seed: 1);
        double[] z = [1, -2, 0.5, 3], at = new double[30], x = Draw(30, 9), rest = new double[30];
        directions.Expand(z, new double[30], at);
        Assert.All(directions.Coordinates(at).Zip(z), p => Assert.Equal(p.Second, p.First, 1e-9));
        directions.Expand([.. directions.Coordinates(x).Select(c => -c)], x, rest);
        Assert.All(directions.Project(rest), p => Assert.Equal(0, p, 1e-9));
        Assert.Contains("31 directions among 30 elements", Assert.Throws<DunlinException>(() => RandomDirections.Draw(30, 31, 0)).Message, StringComparison.Ordinal);
    }

    /// <summary>Noise as of Float32 hides where it goes up: the search ends all the same, with what it has found.</summary>
    [Fact]
    public void Rounding_does_not_keep_the_search_busy()
    {
        var evaluations = 0;
        var result = Sharpness.Measure((x, g) =>
        {
            evaluations++;
            var value = Bowl(Curvatures, new double[6], 1)(x, g);
            for (var i = 0; i < g.Length; i++) g[i] += 1e-3 * Math.Sin(1e9 * x[i] + i);
            return (float)value;
        }, new double[6], new() { Epsilon = 1e-6 });
        Assert.InRange(evaluations, 1, 51);
        Assert.Equal(evaluations, result.Evaluations);
        Assert.True(result.Highest >= result.Loss);
    }

    [Fact]
    public void A_hill_has_nothing_higher_nearby()
    {
        var result = Sharpness.Measure((x, g) =>
        {
            g[0] = -2 * x[0];
            return 1 - x[0] * x[0];
        }, [0]);
        Assert.Equal(0, result.Value);
        Assert.Equal(1, result.Highest);
    }

    [Fact]
    public void What_is_not_finite_is_refused() =>
        Assert.Contains("finite", Assert.Throws<DunlinException>(() => Sharpness.Measure((_, _) => double.PositiveInfinity, [1])).Message, StringComparison.Ordinal);

    [Fact]
    public void The_surface_is_the_loss_of_the_model_and_its_slope_the_gradient()
    {
        var (recipe, data, weights) = Trained();
        using var surface = new LossSurface(recipe.Model, data, recipe.Loss, weights, Options, batchSize: 7);
        double[] x = [.. surface.Weights], gradient = new double[x.Length], other = new double[x.Length];
        using var predictor = new Predictor(recipe.Model, data, weights, Options);
        Assert.Equal(predictor.Evaluate(data, recipe.Loss, [])["loss"], surface.Evaluate(x, gradient), 1e-6);
        Assert.Equal(weights.Keys.Order(), predictor.Weights.Keys.Order());
        foreach (var i in new[] { 0, 11, x.Length / 2, x.Length - 1 })
        {
            double At(double change)
            {
                double[] moved = [.. x];
                moved[i] += change;
                return surface.Evaluate(moved, other);
            }
            Assert.Equal((At(1e-2) - At(-1e-2)) / 2e-2, gradient[i], 2e-4);
        }
        using var whole = new LossSurface(recipe.Model, data, recipe.Loss, weights, Options);
        whole.Evaluate(x, other);
        for (var i = 0; i < x.Length; i++) Assert.Equal(other[i], gradient[i], 1e-5);
    }

    [Fact]
    public void A_run_measures_what_it_has_found()
    {
        var data = GeneratedDigits.Create(60, 1, seed: 1).Train;
        var recipe = Recipe();
        var lines = new StringWriter();
        var meter = new SharpnessMeter(recipe, data, [new(), new() { Epsilon = 5e-4 }, new() { Directions = 20 }], lines, Options);
        var result = new Trainer(recipe, new() { Epochs = 5, BatchSize = 10, Kernels = KernelSets.Managed, ThreadsPerWorker = 1, Observers = [meter] }).Fit(data);
        Assert.Equal(3, meter.Results.Count);
        Assert.All(meter.Results, r => Assert.True(r.Result.Value > 0 && r.Result.Highest > r.Result.Loss));
        Assert.True(meter.Results[0].Result.Value > meter.Results[1].Result.Value, "A larger box holds a higher point.");
        Assert.Contains("20 random directions", lines.ToString(), StringComparison.Ordinal);
        using var predictor = new Predictor(recipe.Model, data, result.Weights, Options);
        Assert.Equal(predictor.Evaluate(data, recipe.Loss, [])["loss"], meter.Results[0].Result.Loss, 1e-5);
    }

    [Fact]
    public void A_line_goes_through_both_models()
    {
        var (recipe, data, first) = Trained();
        var second = Trained(seed: 9).Weights;
        double Of(IReadOnlyDictionary<string, Tensor> weights)
        {
            using var predictor = new Predictor(recipe.Model, data, weights, Options);
            return predictor.Evaluate(data, recipe.Loss, [])["loss"];
        }
        var line = WeightLine.Measure(recipe, data, first, second, [0, 0.5, 1], Options);
        Assert.Equal([0, 0.5, 1], line.Select(p => p.Alpha));
        Assert.Equal(Of(second), line[0].Means["loss"], 1e-6);
        Assert.Equal(Of(first), line[2].Means["loss"], 1e-6);
        Assert.NotEqual(line[0].Means["loss"], line[1].Means["loss"], 1e-3);
        Assert.Contains("accuracy", line[1].Means.Keys);
        Assert.Contains("is not the same in both", Assert.Throws<DunlinException>(() => WeightLine.Measure(recipe, data, first, second.Skip(1).ToDictionary(), [0])).Message, StringComparison.Ordinal);
    }

    private static PredictorOptions Options => new() { Kernels = KernelSets.Managed, Threads = 1 };

    private static TrainingRecipe Recipe() => new(new Sequential(new Flatten(), new Linear(8), new BatchNorm(), new Tanh(), new Dropout(0.2), new Linear(10)), Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.01), Metrics.Accuracy);

    private static (TrainingRecipe Recipe, IDataset Data, IReadOnlyDictionary<string, Tensor> Weights) Trained(ulong seed = 1)
    {
        var (recipe, data) = (Recipe(), GeneratedDigits.Create(40, 1, seed: 1).Train);
        return (recipe, data, new Trainer(recipe, new() { Epochs = 2, BatchSize = 10, Seed = seed, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 }).Fit(data).Weights);
    }

    private static Objective Bowl(double[] h, double[] m, double floor) => (x, g) =>
    {
        var value = floor;
        for (var i = 0; i < x.Length; i++)
        {
            g[i] = h[i] * (x[i] - m[i]);
            value += h[i] / 2 * (x[i] - m[i]) * (x[i] - m[i]);
        }
        return value;
    };

    private static double[] Draw(int count, uint stream)
    {
        var numbers = new double[count];
        Philox.FillNormal(numbers, new PhiloxKey(17, stream));
        return numbers;
    }
}
