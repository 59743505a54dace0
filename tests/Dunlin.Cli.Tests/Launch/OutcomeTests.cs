using Dunlin.Cli.Commands.Launch;

namespace Dunlin.Cli.Tests.Launch;

public class OutcomeTests
{
    [Theory]
    [InlineData(0, false), InlineData(1, false), InlineData(2, false), InlineData(3, true), InlineData(9, false), InlineData(75, false), InlineData(127, false)]
    [InlineData(130, false), InlineData(134, true), InlineData(137, true), InlineData(139, true), InlineData(143, true), InlineData(205, true)]
    public void Lost_ranks_are_told_from_failed_ones(int code, bool lost) => Assert.Equal(lost, Outcome.IsLost(code));

    [Theory]
    [InlineData(9, 137), InlineData(11, 139), InlineData(15, 143), InlineData(3, 3), InlineData(75, 75), InlineData(1, 1)]
    public void Bare_signals_of_MPICH_are_read_as_such(int code, int normal)
    {
        Assert.Equal(normal, Outcome.Normalize(MpiFamily.Mpich, code));
        Assert.Equal(code, Outcome.Normalize(MpiFamily.OpenMpi4, code));
    }

    /// <summary>One look that fails may be a hiccup; two in a row are not.</summary>
    [Fact]
    public async Task A_host_that_twice_does_not_answer_is_lost()
    {
        var gone = new HostAnswer(new("elsewhere"), null, "no answer");
        HostAnswer?[] answers = [gone, null, gone, gone];
        var looks = 0;
        var watch = new HostWatch(new([new(new("elsewhere"), 1, 1)], 1), () => answers[looks++], TimeSpan.Zero, TimeProvider.System);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        HostAnswer? silent;
        while ((silent = watch.Silent) is null) await Task.Delay(1, limit.Token);
        Assert.Same(gone, silent);
        Assert.Equal(4, looks);
    }

    [Fact]
    public async Task A_machine_alone_is_not_watched()
    {
        var watch = new HostWatch(new([new(LaunchHost.Here, 1, 1)], 1), () => throw new InvalidOperationException("looked"), TimeSpan.Zero, TimeProvider.System);
        for (var i = 0; i < 20; i++)
        {
            Assert.Null(watch.Silent);
            await Task.Delay(1);
        }
    }
}
