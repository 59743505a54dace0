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
