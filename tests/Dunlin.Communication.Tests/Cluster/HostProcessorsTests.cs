namespace Dunlin.Communication.Tests;

public sealed class HostProcessorsTests
{
    [Theory]
    [InlineData("0\n", 1)]
    [InlineData("0-3\n", 4)]
    [InlineData("0-1,4,8-11", 7)]
    [InlineData("", null)]
    [InlineData("0-1-2", null)]
    [InlineData("all", null)]
    public void Lists_of_processors_are_counted(string list, int? count) => Assert.Equal(count, HostProcessors.CountOf(list));
}
