using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Schedules;

public class SchedulesTests
{
    private static readonly long[] Steps = [0, 1, 4, 5, 9, 10, 11, 14, 15, 20, 100, 1000];

    [Fact]
    public void A_number_is_a_constant_schedule() => Check(0.25, _ => 0.25);

    [Fact]
    public void Step_decay_falls_at_multiples() => Check(Training.Schedules.StepDecay(0.8, 5, 0.5), t => 0.8 * Math.Pow(0.5, Math.Floor(t / 5)));

    [Fact]
    public void Exponential_decay_falls_all_the_time() => Check(Training.Schedules.Exponential(0.8, 5, 0.5), t => 0.8 * Math.Pow(0.5, t / 5));

    [Fact]
    public void Polynomial_decay_ends_where_told()
    {
        Check(Training.Schedules.Polynomial(1, 10, 0.1), t => t < 10 ? 1 - 0.9 * t / 10 : 0.1);
        Check(Training.Schedules.Polynomial(1, 10, 0.1, power: 2), t => 0.1 + 0.9 * Math.Pow(1 - Math.Min(t, 10) / 10, 2));
    }

    [Fact]
    public void A_cosine_falls_slowly_then_fast_then_slowly() =>
        Check(Training.Schedules.Cosine(1, 20, 0.1), t => t < 20 ? 0.1 + 0.9 * (1 + Math.Cos(Math.PI * t / 20)) / 2 : 0.1);

    [Fact]
    public void Warm_up_rises_to_the_inner_schedule_and_delays_it() =>
        Check(Training.Schedules.Warmup(5, Training.Schedules.Exponential(1, 10, 0.5)), t => t < 5 ? (t + 1) / 5 : Math.Pow(0.5, (t - 5) / 10));

    [Fact]
    public void Pieces_begin_at_their_steps()
    {
        Check(Training.Schedules.Piecewise(1, (5, 0.5), (10, 0.25), (100, Training.Schedules.Exponential(1, 100, 0.5))), t => t < 5 ? 1 : t < 10 ? 0.5 : t < 100 ? 0.25 : Math.Pow(0.5, t / 100));
        Assert.Contains("step 1 is above 5", Assert.Throws<InvalidValueException>(() => Training.Schedules.Piecewise(1, (5, 1), (5, 2))).Message, StringComparison.Ordinal);
    }

    /// <summary>From 0.1, the rate for 256 examples, to 0.1 · 8192 / 256 at the end of 5 epochs of 157 steps.</summary>
    [Fact]
    public void Gradual_warm_up_is_a_straight_line_from_the_small_rate_to_the_scaled_one()
    {
        var target = Training.Schedules.LinearScaling(0.1, 8192);
        Assert.Equal(3.2, target, 1e-12);
        var schedule = Training.Schedules.GradualWarmup(5 * 157, 0.1, Training.Schedules.MultiStep(target, 0.1, 30 * 157, 60 * 157));
        Assert.Equal(0.1, schedule.At(0.0), 1e-12);
        Assert.Equal(3.2, schedule.At(5 * 157.0), 1e-12);
        Assert.Equal(0.32, schedule.At(30 * 157.0), 1e-12);
        Assert.Equal(0.032, schedule.At(89 * 157.0), 1e-12);
        Check(schedule, t => t < 785 ? 0.1 + 3.1 * t / 785 : 3.2);
        Check(Training.Schedules.GradualWarmup(10, 1, Training.Schedules.Exponential(4, 10, 0.5)), t => t < 10 ? 1 + t / 10 : 4 * Math.Pow(0.5, t / 10));
    }

    [Fact]
    public void A_slow_start_has_four_parts()
    {
        var schedule = Training.Schedules.SlowStart(2, 900);
        foreach (var (step, part) in new[] { (0, 0.5), (399, 0.5), (400, 0.075), (699, 0.075), (700, 0.01), (849, 0.01), (850, 0.001), (899, 0.001) })
            Assert.Equal(2 * part, schedule.At((double)step), 1e-12);
        Check(Training.Schedules.SlowStart(1, 18), t => t < 8 ? 0.5 : t < 14 ? 0.075 : t < 17 ? 0.01 : 0.001);
        Assert.Contains("SlowStart", Assert.Throws<InvalidValueException>(() => Training.Schedules.SlowStart(1, 17)).Message, StringComparison.Ordinal);
    }

    /// <summary>In epochs, with the paper's centre 10 and period 5.</summary>
    [Fact]
    public void The_transition_from_RMSProp_to_gradients_has_no_jumps()
    {
        var part = Training.Schedules.RmsToGradient(10, 5);
        Assert.Equal(0.5 * Math.Exp(-4), part.At(0.0), 1e-12);
        Assert.Equal(0.00916, part.At(0.0), 1e-5);
        Assert.Equal(0.5, part.At(10.0), 1e-12);
        for (var e = 12.5; e < 30; e += 0.5) Assert.Equal(1, part.At(e), 1e-12);
        for (var e = 0.0; e < 20; e += 0.001)
        {
            var change = part.At(e + 0.001) - part.At(e);
            Assert.InRange(change, 0, 0.000201);
        }
        // Both slopes at the centre are 1 / period.
        Assert.Equal(0.2, (part.At(10) - part.At(10 - 1e-6)) / 1e-6, 1e-4);
        Assert.Equal(0.2, (part.At(10 + 1e-6) - part.At(10)) / 1e-6, 1e-4);
        Check(part, t => t < 10 ? 0.5 * Math.Exp(2 * (t - 10) / 5) : t < 12.5 ? 0.5 + (t - 10) / 5 : 1);
        Check(Training.Schedules.RmsToGradient(10, 5, printed: true), t => t < 10 ? 0.5 * Math.Exp(2 * (t - 10) / 5) : t < 12.5 ? 0.5 + 2 * (t - 10) / 5 : 1);
    }

    [Fact]
    public void A_schedule_of_ones_own_is_a_formula() => Check(new Schedule(t => 2 / Scalar.Sqrt(1 + t)), t => 2 / Math.Sqrt(1 + t));

    /// <summary>In plain code and in a graph.</summary>
    private static void Check(Schedule schedule, Func<double, double> closedForm)
    {
        var graph = new Graph();
        var step = graph.Placeholder("step", DType.Int64, []);
        var value = schedule.At(step);
        using var session = new Session(graph, TestSession.Options);
        foreach (var t in Steps)
        {
            Assert.Equal(closedForm(t), schedule.At(t), 1e-12);
            Assert.Equal(closedForm(t), session.Run(value, (step, Tensor.Scalar(t))).Item<float>(), 1e-6);
        }
    }
}
