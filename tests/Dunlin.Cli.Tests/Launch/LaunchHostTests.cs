using Dunlin.Cli.Commands.Launch;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Tests.Launch;

public class LaunchHostTests
{
    [Fact]
    public void Lists_name_hosts_and_their_ranks()
    {
        Assert.Equal([new LaunchHost("a", 2), new LaunchHost("b.example.org", 16)], LaunchHost.ParseList("a:2, b.example.org:16"));
        Assert.Equal([new LaunchHost("n001"), new LaunchHost("10.0.0.7")], LaunchHost.ParseList("n001,10.0.0.7"));
    }

    [Fact]
    public void Host_files_of_Open_MPI_and_MPICH_are_read() => Assert.Equal(
        [new LaunchHost("a", 2), new LaunchHost("b", 3), new LaunchHost("c", 4)],
        LaunchHost.ParseFile(["# machines", "a slots=2", "", "b:3   # the new one", "c slots = 4 max_slots=8"], "hosts"));

    [Theory]
    [InlineData("a:0", "\"a:0\": expected from 1 to 65536 ranks")]
    [InlineData("a:99999999999", "expected from 1 to 65536 ranks")]
    [InlineData("a:b", "\"a:b\" is no host")]
    [InlineData("a,,b", "\"\" is no host")]
    [InlineData("-x", "\"-x\" is no host")]
    [InlineData("a;rm", "is no host")]
    [InlineData("a:1,a:2", "names a twice; say a:3")]
    [InlineData("a:1,b", "for a how many ranks it takes but not for b")]
    public void What_is_no_list_is_refused(string list, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => LaunchHost.ParseList(list)).Message, StringComparison.Ordinal);

    [Fact]
    public void Errors_in_files_name_the_line()
    {
        Assert.StartsWith("hosts:2: \"b slots=x\" is no host", Assert.Throws<ConfigurationException>(() => LaunchHost.ParseFile(["a", "b slots=x"], "hosts")).Message, StringComparison.Ordinal);
        Assert.Contains("names no host", Assert.Throws<ConfigurationException>(() => LaunchHost.ParseFile(["# nobody"], "hosts")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 3, 3, 3), InlineData("2", 3, 2, 2), InlineData("1:2", 3, 1, 2), InlineData("1:9", 3, 1, 3)]
    public void Counts_of_hosts_are_a_number_or_a_range(string? text, int hosts, int min, int max) => Assert.Equal((min, max), LaunchSettings.ParseHostCounts(text, hosts));

    [Theory]
    [InlineData("0"), InlineData("2:1"), InlineData("1:2:3"), InlineData("x"), InlineData("4"), InlineData("")]
    public void Other_counts_are_refused(string text) => Assert.StartsWith($"--nnodes {text}: ", Assert.Throws<ConfigurationException>(() => LaunchSettings.ParseHostCounts(text, 3)).Message, StringComparison.Ordinal);

    [Fact]
    public void This_machine_is_known_by_its_names()
    {
        Assert.True(LaunchHost.Here.IsHere);
        Assert.True(new LaunchHost(Environment.MachineName).IsHere);
        Assert.True(new LaunchHost(Environment.MachineName.Split('.')[0] + ".example.org").IsHere);
        Assert.False(new LaunchHost(Environment.MachineName + "2").IsHere);
    }
}
