namespace Dunlin.Cli.Tests.Commands;

/// <summary>Parameter servers from the command line.</summary>
public sealed class ParameterServerTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Theory, InlineData("asynchronous"), InlineData("try-lock"), InlineData("elastic-averaging"), InlineData("soft-synchronous"), InlineData("stale-synchronous"), InlineData("synchronous"), InlineData("sandblaster")]
    public void Workers_train_and_the_run_says_how(string protocol)
    {
        _dunlin.Succeed("train", "tiny", "--strategy", "parameter-server", "--workers", "3", "--servers", "2", "--protocol", protocol, "--backups", "1", "--staleness", "inverse", "--bound", "2", "--push-every", "2", "--set", "strategy.ownRate=0.01", "--set", "strategy.delayCompensation=0.1", "--set", "strategy.looksAhead=true");
        Assert.Contains("strategy parameter-server, data 3", _dunlin.Succeed("inspect", "runs/tiny-1"), StringComparison.Ordinal);
        _dunlin.Succeed("evaluate", "runs/tiny-1");
    }

    [Theory]
    [InlineData("\"strategy.protocol\" must be asynchronous, try-lock, elastic-averaging, soft-synchronous, stale-synchronous, synchronous or sandblaster, got \"foo\".", "--protocol", "foo")]
    [InlineData("With 2 workers, at most 1 are backups, not 2: a step needs a gradient.", "--protocol", "synchronous", "--backups", "2")]
    [InlineData("staleness", "--staleness", "late")]
    [InlineData("strategy.bound", "--bound", "-1")]
    public void What_does_not_fit_is_said(string message, params string[] options) =>
        Assert.Contains(message, _dunlin.Fail(ExitCode.Usage, ["train", "tiny", "--workers", "2", "--strategy", "parameter-server", .. options]), StringComparison.Ordinal);

    [Fact]
    public void Other_strategies_know_no_servers() =>
        Assert.Contains("unknown key \"strategy.servers\"", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--workers", "2", "--servers", "2"), StringComparison.Ordinal);
}
