using Dunlin.Samples.Asynchronous;

namespace Dunlin.Samples.Tests;

/// <summary>The experiments of parameter servers, shortened.</summary>
public class AsynchronousTests
{
    private static readonly Options Short = Options.Parse(["--effort", "0.05", "--seed", "3"]);

    /// <summary>The first backup workers shorten a step, each by less; and a seed replays.</summary>
    [Fact]
    public void Backup_workers_shorten_the_step()
    {
        var report = Backups.Run(Short);
        var seconds = report.Charts[0].Series[0].Points.Select(p => p.Y).ToList();
        Assert.Equal(6, seconds.Count);
        Assert.True(seconds[0] > seconds[2] && seconds[2] > seconds[5], string.Join(" ", seconds));
        Assert.Equal(report.Text, Backups.Run(Short).Text);
        Assert.NotEqual(report.Text, Backups.Run(Short with { Seed = 4 }).Text);
    }

    /// <summary>100 MB each way at 1.25 GB/s take 80 ms, at 100 workers and 16 servers 500; rows of a table as long whatever its size.</summary>
    [Fact]
    public void Null_steps_take_what_the_network_takes()
    {
        var charts = NullStep.Run(Short).Charts;
        var (small, large) = (charts[0].Series.Where(s => s.Style == Training.Reports.SeriesStyle.Line).ToList(), charts[1].Series[0].Points);
        Assert.InRange(large[0].Y, 80, 200);
        Assert.InRange(large[^1].Y, 500, 1100);
        Assert.Equal(["scalar", "sparse, 16 MB", "sparse, 64 MB"], small.Select(s => s.Name));
        foreach (var (some, more) in small[1].Points.Zip(small[2].Points)) Assert.InRange(more.Y / some.Y, 0.9, 1.1);
    }

    /// <summary>A second server that computes scores nearly doubles what is read, until the workers are the bottleneck.</summary>
    [Fact]
    public void A_vocabulary_on_more_servers_is_faster()
    {
        var charts = Words.Run(Short).Charts;
        var (full, sampled) = (charts[0].Series[0].Points, charts[1].Series[0].Points);
        Assert.InRange(full[1].Y / full[0].Y, 1.8, 2.1);
        Assert.True(sampled[0].Y > 4 * full[0].Y);
    }

    [EspeakFact]
    public void Acoustic_models_are_trained_by_workers()
    {
        var report = Speech.Run(Short);
        Assert.Equal(2, report.Charts.Count);
        foreach (var chart in report.Charts) Assert.Equal(["alone", "1 workers", "2 workers"], chart.Series.Select(s => s.Name));
    }

    [Fact]
    public void Simulated_time_is_near_the_time_that_it_takes()
    {
        var report = WallClock.Run(Short);
        Assert.Equal(2, report.Charts.Count);
        // What this machine does meanwhile is not known; the simulation is.
        foreach (var chart in report.Charts) Assert.All(chart.Series[1].Points, p => Assert.InRange(p.Y, 0.5, 1000));
    }

    [Fact]
    public void Options_that_do_not_fit_are_said()
    {
        Assert.Contains("There is no option --foo", Assert.Throws<ArgumentException>(() => Options.Parse(["--foo", "1"])).Message, StringComparison.Ordinal);
        Assert.Contains("--effort needs a value", Assert.Throws<ArgumentException>(() => Options.Parse(["--effort"])).Message, StringComparison.Ordinal);
    }
}
