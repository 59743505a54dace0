namespace Dunlin.Communication.Tests;

public sealed class SlurmNodeListTests
{
    [Theory]
    [InlineData("n1", "n1")]
    [InlineData("n1,h2", "n1 h2")]
    [InlineData("n[001-003],h2", "n001 n002 n003 h2")]
    [InlineData("n[001,007-009]", "n001 n007 n008 n009")]
    [InlineData("n[9-11]", "n9 n10 n11")]
    [InlineData("r[1-2]n[01,03]-ib", "r1n01-ib r1n03-ib r2n01-ib r2n03-ib")]
    public void Ranges_expand_in_order_and_keep_their_width(string list, string hosts)
    {
        Assert.Equal(hosts.Split(' '), SlurmNodeList.Expand(list));
        Assert.Equal(hosts.Split(' ')[0], SlurmNodeList.First(list));
    }

    [Theory]
    [InlineData("")]
    [InlineData("n1,")]
    [InlineData("n[1-2")]
    [InlineData("n]1[")]
    [InlineData("n[[1]]")]
    [InlineData("n[2-1]")]
    [InlineData("n[a-b]")]
    [InlineData("n[]")]
    [InlineData("n[0-99999999999]")]
    public void Anything_else_is_refused(string list) => Assert.Throws<LaunchException>(() => SlurmNodeList.Expand(list));
}
