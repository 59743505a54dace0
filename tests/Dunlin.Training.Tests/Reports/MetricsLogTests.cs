using Dunlin.Training.Reports;

namespace Dunlin.Training.Tests.Reports;

public sealed class MetricsLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    private string LogPath => Path.Combine(_directory, "metrics.jsonl");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Lines_are_plain_JSON_that_can_be_read_while_the_run_goes_on()
    {
        using var log = new MetricsLog(LogPath, clock: new FixedClock());
        log.Write(5, 1, ("loss/train", 0.5), ("loss/valid", double.NaN));
        Assert.Equal("""{"step":5,"epoch":1,"time":86400,"values":{"loss/train":0.5,"loss/valid":"NaN"}}""" + "\n", ReadText());
        var entry = Assert.Single(MetricsLog.Read(LogPath));
        Assert.Equal((5, 1, 86400, 0.5, double.NaN), (entry.Step, entry.Epoch, entry.Time, entry.Values["loss/train"], entry.Values["loss/valid"]));
    }

    [Fact]
    public void A_resumed_log_drops_the_steps_that_run_again_and_a_line_cut_off()
    {
        using (var log = new MetricsLog(LogPath))
            for (var step = 0; step < 10; step++) log.Write(step, 0, ("loss", step));
        File.AppendAllText(LogPath, """{"step":10,"ep""");
        using (var log = new MetricsLog(LogPath, resumedStep: 4)) log.Write(5, 0, ("loss", -5));
        Assert.Equal([0, 1, 2, 3, 4, -5], MetricsLog.Read(LogPath).Select(entry => entry.Values["loss"]));
        using (new MetricsLog(LogPath)) Assert.Empty(MetricsLog.Read(LogPath));
    }

    [Fact]
    public void A_damaged_line_is_named()
    {
        File.WriteAllText(LogPath, "{\"step\":1,\"epoch\":0,\"time\":1,\"values\":{}}\nrubbish\n");
        Assert.Contains("line 2", Assert.Throws<DunlinException>(() => new MetricsLog(LogPath, resumedStep: 1)).Message);
    }

    private string ReadText()
    {
        using var reader = new StreamReader(new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddDays(1);
    }
}
