using Dunlin.Cli.Configuration;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Cli.Tests;

public class ArgumentsTests
{
    [Fact]
    public void Underscores_and_negations_are_other_spellings() => Assert.Equal(
        ["train", "--batch-size=8", "--resume=false", "--no-such", "--set", "a_b=c", "--run=my_run", "--", "--no-resume"],
        Arguments.Normalize(["train", "--batch_size=8", "--no-resume", "--no_such", "--set", "a_b=c", "--run=my_run", "--", "--no-resume"], new HashSet<string> { "--resume" }));

    [Fact]
    public void Exit_codes_tell_whose_fault_it_is()
    {
        Assert.Equal(2, Failures.ExitCodeOf(new ConfigurationException("")));
        Assert.Equal(3, Failures.ExitCodeOf(new CommunicationException("")));
        Assert.Equal(3, Failures.ExitCodeOf(new Communication.RankFailedException(1, new CommunicationException(""))));
        Assert.Equal(1, Failures.ExitCodeOf(new Communication.RankFailedException(1, new DunlinException(""))));
        Assert.Equal(1, Failures.ExitCodeOf(new InvalidOperationException()));
    }

    [Fact]
    public void An_unforeseen_error_asks_to_be_reported()
    {
        using var error = new StringWriter();
        Failures.Report(error, new InvalidOperationException("oops"), debug: false);
        Assert.Contains("InvalidOperationException: oops", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("please report", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epohcs", "epochs", 1), InlineData("", "abc", 3), InlineData("kitten", "sitting", 3), InlineData("same", "same", 0)]
    public void Distance_counts_edits(string a, string b, int distance) => Assert.Equal(distance, Nearest.Distance(a, b));
}
