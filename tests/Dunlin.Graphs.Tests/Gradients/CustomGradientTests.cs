using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Differentiation;

public class CustomGradientTests
{
    private static readonly Tensor X = Tensor.From([-1.5, 0.4, 2.6]);

    private static double[] Gradient(Func<Value, Value> function, Func<Value, Value>? weight = null)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        var y = function(x);
        using var session = new Session(graph);
        return session.Run(Gradients.Of(y, (weight ?? (v => v.OnesLike()))(y), [x])[0]!.Dense(), (x, X)).ToArray<double>();
    }

    [Fact]
    public void A_given_gradient_replaces_the_regions_own()
    {
        Assert.Equal([7.0, 7, 7], Gradient(x => Gradients.Custom(x, v => v.Exp().Sin(), (_, y, _) => y.OnesLike() * 7)));
        Assert.Equal([2.0, 2, 2], Gradient(x => Gradients.Custom([x, x * 2], v => [v[0] + v[1]], (_, _, dy) => [null, dy[0]])[0]));
    }

    [Fact]
    public void Straight_through_rounds_forwards_and_is_the_identity_backwards()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        var y = Operations.StraightThrough(x.Round(), x);
        using var session = new Session(graph);
        Assert.Equal([-2.0, 0, 3], session.Run(y, (x, X)).ToArray<double>());
        Assert.Equal([1.0, 1, 1], Gradient(v => Operations.StraightThrough(v.Round(), v)));
    }

    [Fact]
    public void Gradients_are_reversed_and_clipped_on_their_way_back()
    {
        Assert.Equal([-0.5, -0.5, -0.5], Gradient(x => x.ReverseGradient(0.5)));
        Assert.Equal([-1.0, 0.8, 1], Gradient(x => x.ClipGradient(1), y => y * 2));
    }

    [Fact]
    public void A_rule_that_returns_too_few_gradients_is_named()
    {
        var error = Assert.Throws<DunlinException>(() => Gradient(x => Gradients.Custom([x, x], v => [v[0] + v[1]], (_, _, dy) => [dy[0]])[0]));
        Assert.Contains("one gradient for each of 2 inputs; got 1", error.Message, StringComparison.Ordinal);
    }
}
