namespace Dunlin.Strategies.Tests;

public class BucketsTests
{
    [Fact]
    public void Gradients_fill_buckets_in_the_order_in_which_they_are_produced()
    {
        var buckets = Buckets.Fill([(3, 40L, 'f'), (1, 60L, 'f'), (2, 50L, 'f'), (4, 10L, 'f')], 100);
        Assert.Equal([[1], [2, 0, 3]], buckets.Select(b => b.ToArray()));
    }

    [Fact]
    public void Kinds_do_not_mix_and_a_large_gradient_has_a_bucket_of_its_own()
    {
        var buckets = Buckets.Fill([(1, 10L, 'f'), (2, 10L, 'd'), (3, 500L, 'f'), (4, 10L, 'f')], 100);
        Assert.Equal([[0], [2], [3], [1]], buckets.Select(b => b.ToArray()));
    }
}
