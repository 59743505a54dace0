namespace Dunlin.Tensors.Tests;

public class ShapeTests
{
    [Theory]
    [InlineData(new[] { 3, 1 }, new[] { 1, 4 }, new[] { 3, 4 })]
    [InlineData(new[] { -1, 5 }, new[] { 5 }, new[] { -1, 5 })]
    [InlineData(new[] { -1 }, new[] { 4 }, new[] { 4 })]
    [InlineData(new[] { -1 }, new[] { 1 }, new[] { -1 })]
    [InlineData(new[] { 0, 3 }, new[] { 1 }, new[] { 0, 3 })]
    public void Broadcasting_follows_NumPy(int[] a, int[] b, int[] expected)
    {
        Assert.True(Shape.TryBroadcast(Shape.Of(a), Shape.Of(b), out var result));
        Assert.Equal(Shape.Of(expected), result);
    }

    [Fact]
    public void Unequal_lengths_do_not_broadcast() => Assert.False(Shape.TryBroadcast([2, 3], [2, 4], out _));

    [Fact]
    public void Too_many_elements_are_an_error() =>
        Assert.Contains("2^63", Assert.Throws<ShapeException>(() => Shape.Of(int.MaxValue, int.MaxValue, int.MaxValue).ElementCount).Message);

    [Fact]
    public void Negative_indices_count_from_the_end()
    {
        Shape shape = [2, 3, 5];
        Assert.Equal(5, shape[-1]);
        Assert.Equal([15, 5, 1], shape.Strides);
        Assert.Equal("[2, ?, 5]", shape.With(1, Shape.Unknown).ToString());
    }
}
