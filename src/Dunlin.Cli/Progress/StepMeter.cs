using Dunlin.Training;

namespace Dunlin.Cli.Progress;

/// <summary>
/// Where a run stands: written by the training thread at each step without allocating or waiting, read by whoever draws. A reader may
/// see the loss of one step beside the number of the next, which does not show. Stands before those who draw in the list of observers.
/// </summary>
internal sealed class StepMeter(TimeProvider clock) : ITrainingObserver
{
    /// <summary>The rate is that of about the last so many seconds.</summary>
    private const double Window = 10;

    private double[] _metrics = [];
    private long _lastTime;
    private long _step;
    private double _itemsPerStep;
    private double _secondsPerStep;

    /// <summary>What the run is about to do; null before it starts.</summary>
    public TrainingPlan? Plan { get; private set; }

    /// <summary>Steps done.</summary>
    public long Step => Volatile.Read(ref _step);

    /// <summary>Training examples a second, or 0 before there is a rate.</summary>
    public double ItemsPerSecond => Volatile.Read(ref _secondsPerStep) is > 0 and var seconds ? Volatile.Read(ref _itemsPerStep) / seconds : 0;

    /// <summary>The time until the last step, infinite before there is a rate.</summary>
    public double SecondsLeft => _secondsPerStep > 0 && Plan is { } plan ? Math.Max(0, TotalSteps(plan) - Step) * Volatile.Read(ref _secondsPerStep) : double.PositiveInfinity;

    /// <summary>The last step's loss and metrics, in the plan's order.</summary>
    public double Metric(int index) => Volatile.Read(ref _metrics[index]);

    /// <summary>A limit below the plan's end, or null.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>The step after which the run will end.</summary>
    public long TotalSteps(TrainingPlan plan) => Math.Min(plan.TotalSteps, MaxSteps ?? long.MaxValue);

    public void Started(TrainingPlan plan)
    {
        _metrics = new double[plan.MetricNames.Count];
        _step = plan.FirstStep;
        _lastTime = clock.GetTimestamp();
        Plan = plan;
    }

    public void Stepped(in StepReport report)
    {
        var now = clock.GetTimestamp();
        var seconds = clock.GetElapsedTime(_lastTime, now).TotalSeconds;
        _lastTime = now;
        for (var i = 0; i < _metrics.Length; i++) Volatile.Write(ref _metrics[i], report.Metrics[i]);
        if (seconds > 0)
        {
            // The first step prepares kernels and is no measure for the others: the second one takes its place.
            var weight = report.Step <= Plan!.FirstStep + 2 ? 1 : Math.Min(1, seconds / Window);
            Volatile.Write(ref _itemsPerStep, _itemsPerStep + weight * (report.Examples - _itemsPerStep));
            Volatile.Write(ref _secondsPerStep, _secondsPerStep + weight * (seconds - _secondsPerStep));
        }
        Volatile.Write(ref _step, report.Step);
    }

    /// <summary>What lies between two steps, such as a validation, is no part of the next one.</summary>
    public void EpochEnded(EpochReport report) => _lastTime = clock.GetTimestamp();

    /// <inheritdoc cref="EpochEnded"/>
    public void CheckpointSaved(string directory, long step) => _lastTime = clock.GetTimestamp();
}
