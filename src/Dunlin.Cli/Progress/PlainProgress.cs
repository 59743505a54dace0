using Dunlin.Training;

namespace Dunlin.Cli.Progress;

/// <summary>Lines for logs: one every ten seconds, one for each epoch.</summary>
internal sealed class PlainProgress(TextWriter error, TimeProvider clock, StepMeter meter) : ITrainingObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private EpochLine? _epochs;
    private long _lastLine;

    public void Started(TrainingPlan plan)
    {
        _epochs = new EpochLine(plan);
        _lastLine = clock.GetTimestamp();
        error.WriteLine(Headline.Of(plan));
    }

    public void Stepped(in StepReport report)
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_lastLine, now) < Interval) return;
        _lastLine = now;
        error.WriteLine($"step={report.Step}/{meter.TotalSteps(meter.Plan!)} loss={Format.Metric(report.Loss)} items/s={meter.ItemsPerSecond:0} eta={Format.Time(meter.SecondsLeft)}");
    }

    public void EpochEnded(EpochReport report) => error.WriteLine(_epochs!.Plain(report));

    public void Warned(string message) => error.WriteLine($"warning: {message}");
}

/// <summary>What a run is, in a line.</summary>
internal static class Headline
{
    public static string Of(TrainingPlan plan) =>
        $"{plan.Parameters:N0} parameters, {Format.Count(plan.Epochs, "epoch")} of {Format.Count(plan.StepsPerEpoch, "step")} of {Format.Count(plan.BatchSize, "example")}, " +
        $"{plan.Workers} {(plan.Workers == 1 ? "worker" : "workers")} of {plan.ThreadsPerWorker} {(plan.ThreadsPerWorker == 1 ? "thread" : "threads")}, kernels {plan.Kernels}" +
        (plan.ResumedFrom is { } from ? $", resumed from step {plan.FirstStep} ({from})" : "");
}
