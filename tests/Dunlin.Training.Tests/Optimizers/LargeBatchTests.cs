using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Optimizers;

/// <summary>What training with large batches relies on.</summary>
public class LargeBatchTests
{
    private static readonly Schedule Steps = Training.Schedules.MultiStep(0.5, 0.1, 4, 8);

    /// <summary>v ← μ · v + η · g, w ← w − v is v ← μ · v + g, w ← w − η · v while η stays; when it changes, only with the momentum corrected.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Momentum_of_scaled_gradients_is_momentum_of_gradients_if_it_is_corrected(bool nesterov)
    {
        var after = Trajectory(new Optimizer(new Trace(0.9, nesterov), new ScaleBySchedule(Steps)));
        var corrected = Trajectory(new Optimizer(new ScaleBySchedule(Steps), new Trace(0.9, nesterov, Steps)));
        var plain = Trajectory(new Optimizer(new ScaleBySchedule(Steps), new Trace(0.9, nesterov)));
        for (var t = 0; t < after.Count; t++) AssertClose(after[t], corrected[t]);
        for (var t = 0; t < 4; t++) AssertClose(after[t], plain[t]);
        Assert.All(after[5].Zip(plain[5]), p => Assert.NotEqual(p.First, p.Second, 1e-6));
    }

    [Fact]
    public void A_rate_that_was_0_is_not_corrected_for()
    {
        var rate = Training.Schedules.Piecewise(0.0, (2, 0.5));
        AssertClose(Trajectory(new Optimizer(new Trace(0), new ScaleBySchedule(rate)))[2], Trajectory(new Optimizer(new ScaleBySchedule(rate), new Trace(0.9, Rate: rate)))[2]);
    }

    [Fact]
    public void Without_its_RMSProp_part_the_warm_up_is_momentum()
    {
        var expected = Trajectory(Training.Optimizers.Momentum(0.3, 0.9));
        var actual = Trajectory(new Optimizer(new RmsToGradient(0.3, RmsRate: 0, Center: -1, Period: 1), new Trace(0.9), new ScaleBySchedule(0.3)));
        for (var t = 0; t < expected.Count; t++) AssertClose(expected[t], actual[t]);
    }

    [Fact]
    public void Long_before_the_transition_the_warm_up_moves_by_the_RMSProp_rate_whatever_the_size_of_the_gradient()
    {
        // m = 0.01 · g² at the first update, so that g / √m = 10 · sign g.
        foreach (var size in new[] { 1e-3, 1, 1e3 })
        {
            using var run = new OptimizerRun(new Optimizer(new RmsToGradient(0.3, Center: 1e5, Period: 1), new ScaleBySchedule(0.3)), DType.Float64, [1, 1], sparse: false);
            var before = run.Weights<double>()[0];
            run.Step(Tensor.From([size], [1, 1]));
            Assert.Equal(10 * 3e-4, before - run.Weights<double>()[0], 1e-6);
        }
    }

    /// <summary>Of a layer that is k times as large, with the same gradient, LARS moves k times as far.</summary>
    [Theory, InlineData(0.01), InlineData(7), InlineData(1000)]
    public void Lars_moves_a_layer_in_proportion_to_its_length(double factor)
    {
        double[] Change(double scale)
        {
            using var run = new OptimizerRun(Training.Optimizers.Lars(0.5, momentum: 0, weightDecay: 0, epsilon: 0), DType.Float64, [3, 2], sparse: false);
            run.Set(Tensor.From([.. run.Weights<double>().Select(w => scale * w)], [3, 2]));
            var before = run.Weights<double>();
            run.Step(Tensor.From(OptimizerRun.Draw(6, 1), [3, 2]));
            return [.. before.Zip(run.Weights<double>(), (b, a) => a - b)];
        }
        var (small, large) = (Change(1), Change(factor));
        for (var i = 0; i < small.Length; i++) Assert.Equal(factor * small[i], large[i], 1e-9 * factor);
    }

    /// <summary>‖Δw‖ = η · ‖w‖ at every update, whatever the gradients.</summary>
    [Fact]
    public void Lamb_moves_a_layer_by_the_rate_times_its_length()
    {
        using var run = new OptimizerRun(Training.Optimizers.Lamb(0.02), DType.Float64, [3, 2], sparse: false);
        for (var t = 0; t < 5; t++)
        {
            var before = run.Weights<double>();
            run.Step(Tensor.From([.. OptimizerRun.Draw(6, (uint)t).Select(x => x * Math.Pow(10, t))], [3, 2]));
            var change = before.Zip(run.Weights<double>(), (b, a) => (a - b) * (a - b)).Sum();
            Assert.Equal(0.02, Math.Sqrt(change / before.Sum(w => w * w)), 1e-9);
        }
    }

    private static List<double[]> Trajectory(Optimizer optimizer)
    {
        using var run = new OptimizerRun(optimizer, DType.Float64, [2, 2], sparse: false);
        return [.. Enumerable.Range(0, 12).Select(t =>
        {
            run.Step(Tensor.From(OptimizerRun.Draw(4, (uint)t), [2, 2]));
            return run.Weights<double>();
        })];
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-9);
    }
}
