using Dunlin.Cli.Configuration;
using Dunlin.Training;

namespace Dunlin.Cli.Catalogues;

/// <summary>A loss, and whether predictions are scores of classes.</summary>
internal sealed record LossChoice(Loss Loss, bool IsClassification);

/// <summary>How long a run is: what schedules stretch over.</summary>
/// <param name="Steps">All steps.</param>
/// <param name="StepsPerEpoch">Steps of one epoch.</param>
/// <param name="BatchSize">Examples of one step.</param>
internal sealed record Horizon(long Steps, int StepsPerEpoch, int BatchSize);

/// <summary>How a learning rate goes on, given its highest value.</summary>
internal delegate Schedule ScheduleChoice(double rate, Horizon horizon);

/// <summary>Losses and metrics by name.</summary>
internal static class MeasureCatalogue
{
    public static Catalogue<LossChoice> Losses { get; } = new("loss",
        ("cross-entropy", s => new(s.Number("smoothing", 0, 0, 1) is > 0 and var smoothing ? Training.Losses.SmoothedCrossEntropy(smoothing) : Training.Losses.SoftmaxCrossEntropy, true)),
        ("binary-cross-entropy", _ => new(Training.Losses.SigmoidCrossEntropy, false)),
        ("squared", _ => new(Training.Losses.Squared, false)),
        ("absolute", _ => new(Training.Losses.Absolute, false)),
        ("huber", s => new(Training.Losses.Huber(s.Number("delta", 1)), false)),
        ("hinge", _ => new(Training.Losses.Hinge, false)));

    public static Catalogue<Metric> Metrics { get; } = new("metric",
        ("accuracy", _ => Training.Metrics.Accuracy),
        ("top-accuracy", s => Training.Metrics.TopAccuracy(s.Int("k", 5))),
        ("mean-squared-error", _ => Training.Metrics.MeanSquaredError),
        ("mean-absolute-error", _ => Training.Metrics.MeanAbsoluteError));
}

/// <summary>Schedules by name. All can scale the learning rate with the batch, and rise to it first, over a part of the run or some epochs.</summary>
internal static class ScheduleCatalogue
{
    public static Catalogue<ScheduleChoice> All { get; } = new("schedule",
        ("constant", s => AfterWarmup(s, (rate, _) => Schedules.Constant(rate))),
        ("cosine", s => Falling(s, (rate, steps, end) => Schedules.Cosine(rate, steps, end))),
        ("linear", s => Falling(s, (rate, steps, end) => Schedules.Polynomial(rate, steps, end))),
        ("polynomial", Polynomial),
        ("multi-step", MultiStep),
        ("slow-start", s => AfterWarmup(s, (rate, horizon) => Schedules.SlowStart(rate, Math.Max(18, horizon.Steps)))),
        ("step", s => Every(s, 0.1, Schedules.StepDecay)),
        ("exponential", s => Every(s, 0.9, Schedules.Exponential)));

    private static ScheduleChoice Polynomial(Section s)
    {
        var power = s.Number("power", 2);
        return Falling(s, (rate, steps, end) => Schedules.Polynomial(rate, steps, end, power));
    }

    /// <summary>From the rate down to a part of it at the end of the run.</summary>
    private static ScheduleChoice Falling(Section s, Func<double, long, double, Schedule> make)
    {
        var end = s.Number("end", 0, 0, 1);
        return AfterWarmup(s, (rate, horizon) => make(rate, horizon.Steps, rate * end));
    }

    /// <summary>Times a factor after so many epochs, again and again.</summary>
    private static ScheduleChoice Every(Section s, double usualFactor, Func<double, long, double, Schedule> make)
    {
        var (epochs, factor) = (s.Int("every", 1), s.Number("factor", usualFactor));
        return AfterWarmup(s, (rate, horizon) => make(rate, (long)epochs * horizon.StepsPerEpoch, factor));
    }

    /// <summary>Times a factor after each of some epochs.</summary>
    private static ScheduleChoice MultiStep(Section s)
    {
        var (epochs, factor) = (s.Ints("at", [30, 60, 80]), s.Number("factor", 0.1));
        for (var i = 1; i < epochs.Count; i++)
            if (epochs[i] <= epochs[i - 1]) throw s.Refuse("at", "epochs, each later than the one before");
        return AfterWarmup(s, (rate, horizon) => Schedules.MultiStep(rate, factor, [.. epochs.Select(e => (long)e * horizon.StepsPerEpoch)]));
    }

    private static ScheduleChoice AfterWarmup(Section s, ScheduleChoice inner)
    {
        var part = s.Number("warmup", 0, 0, 1);
        var (epochs, reference) = (s.OptionalNumber("warmupEpochs", double.Epsilon), s.OptionalLong("referenceBatch", most: int.MaxValue));
        if (part > 0 && epochs is not null) throw s.Refuse("warmupEpochs", "nothing where warmup says a part of the run");
        return (rate, horizon) =>
        {
            var scaled = reference is { } batch ? Schedules.LinearScaling(rate, horizon.BatchSize, (int)batch) : rate;
            if (epochs is { } gradual)
            {
                // As Goyal et al.: from the rate of the reference batch, without delay of what follows.
                var steps = Math.Max(1, (long)Math.Round(gradual * horizon.StepsPerEpoch));
                return Schedules.GradualWarmup(steps, reference is null ? rate / steps : Math.Min(rate, scaled), inner(scaled, horizon));
            }
            var warmup = (long)Math.Round(part * horizon.Steps);
            var rest = inner(scaled, horizon with { Steps = Math.Max(1, horizon.Steps - warmup) });
            return warmup > 0 ? Schedules.Warmup(warmup, rest) : rest;
        };
    }
}
