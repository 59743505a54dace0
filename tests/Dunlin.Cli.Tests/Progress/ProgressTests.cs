using Dunlin.Cli.Progress;
using Dunlin.Training;

namespace Dunlin.Cli.Tests.Progress;

public class ProgressTests
{
    private static readonly TrainingPlan Plan = new(2, 500, 0, 64, 1, 1, "managed", 1234, null, ["loss", "accuracy"]);

    [Fact]
    public void Without_a_terminal_a_line_comes_every_ten_seconds_and_no_step_allocates()
    {
        var clock = new HandClock();
        using var error = new StringWriter();
        var meter = new StepMeter(clock);
        ITrainingObserver[] observers = [meter, new PlainProgress(error, clock, meter)];
        foreach (var observer in observers) observer.Started(Plan);
        double[] metrics = [0.4131, 0.9];
        void Run(long from, long to)
        {
            for (var step = from; step <= to; step++)
            {
                clock.Advance(TimeSpan.FromSeconds(0.064));
                foreach (var observer in observers) observer.Stepped(new StepReport(step, 0, 64, metrics));
            }
        }
        Run(1, 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(11, 150);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Run(151, 200);
        var lines = error.ToString().Trim().Split('\n');
        Assert.Equal(["1,234 parameters, 2 epochs of 500 steps of 64 examples, 1 worker of 1 thread, kernels managed", "step=157/1000 loss=0.4131 items/s=1000 eta=00:00:53"], lines.Select(line => line.Trim()));
    }

    [Fact]
    public void An_epoch_is_a_line_or_a_row()
    {
        var line = new EpochLine(Plan);
        var report = new EpochReport(0, 500, new Dictionary<string, double> { ["loss"] = 0.5, ["accuracy"] = 0.81 }, new Dictionary<string, double> { ["loss"] = 3e-5, ["accuracy"] = 0.9 }, 6.62, 9000, true);
        Assert.Equal("epoch=1/2 loss=0.5000 accuracy=0.8100 test.loss=3.000e-05 test.accuracy=0.9000 items/s=9000 seconds=6.6", line.Plain(report));
        Assert.Equal(line.Head.Length, line.Row(report).Length - " *".Length);
    }

    [Fact]
    public void A_terminal_gets_the_table_and_no_colour_where_none_is_wanted()
    {
        using var text = new StringWriter();
        var console = Spectre.Console.AnsiConsole.Create(new() { Out = new Spectre.Console.AnsiConsoleOutput(text), Ansi = Spectre.Console.AnsiSupport.Yes, ColorSystem = Spectre.Console.ColorSystemSupport.NoColors });
        var meter = new StepMeter(TimeProvider.System);
        using (var live = new LiveProgress(console, meter))
        {
            ((ITrainingObserver)meter).Started(Plan);
            live.Started(Plan);
            live.EpochEnded(new EpochReport(0, 500, new Dictionary<string, double> { ["loss"] = 0.5 }, new Dictionary<string, double>(), 1, 1, false));
            live.Warned("the disk is full");
        }
        Assert.Contains("0.5000", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("warning: the disk is full", text.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[38", text.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A clock that moves when told.</summary>
    private sealed class HandClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
