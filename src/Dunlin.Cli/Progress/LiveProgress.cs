using System.Collections.Concurrent;
using Dunlin.Training;
using Spectre.Console;

namespace Dunlin.Cli.Progress;

/// <summary>A bar that moves, and a table row for each epoch, on a terminal. A thread of its own draws; the training thread only counts.</summary>
internal sealed class LiveProgress(IAnsiConsole console, StepMeter meter) : ITrainingObserver, IDisposable
{
    private const int FrameMilliseconds = 100;

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ManualResetEventSlim _ended = new();
    private Thread? _drawer;
    private EpochLine? _epochs;

    public void Started(TrainingPlan plan)
    {
        _epochs = new EpochLine(plan);
        _lines.Enqueue(Headline.Of(plan));
        _lines.Enqueue(_epochs.Head);
        _drawer = new Thread(Draw) { IsBackground = true, Name = "progress" };
        _drawer.Start();
    }

    public void EpochEnded(EpochReport report) => _lines.Enqueue(_epochs!.Row(report));

    public void Warned(string message) => _lines.Enqueue($"warning: {message}");

    /// <summary>Draws the last state and gives the terminal back. The event is not disposed of: a slow terminal's thread may still look at it.</summary>
    public void Dispose()
    {
        _ended.Set();
        _drawer?.Join(TimeSpan.FromSeconds(2));
        while (_lines.TryDequeue(out var line)) console.WriteLine(line);
    }

    private void Draw() => console.Progress().AutoClear(true).HideCompleted(false)
        .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(context =>
        {
            var task = context.AddTask("starting", maxValue: meter.TotalSteps(meter.Plan!));
            bool ended;
            do
            {
                ended = _ended.Wait(FrameMilliseconds);
                while (_lines.TryDequeue(out var line)) console.WriteLine(line);
                task.Value = meter.Step;
                task.Description = Markup.Escape(Describe(meter.Plan!));
                context.Refresh();
            }
            while (!ended);
        });

    private string Describe(TrainingPlan plan)
    {
        var metrics = string.Concat(plan.MetricNames.Select((name, i) => $" {name} {Format.Metric(meter.Metric(i))}"));
        return $"{meter.Step}/{meter.TotalSteps(plan)}{metrics} {meter.ItemsPerSecond:0} items/s {Format.Time(meter.SecondsLeft)} left";
    }
}
