using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Passes;

public class RectifyPooledTests
{
    /// <summary>Windows of 3 at steps of 2 share elements, and a third of the values is rectified to 0, so that whole windows are.</summary>
    private static (Session Session, Step Step, Tensor[] Feeds) Net(params string[] disabled)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2, 3, 9, 9]);
        var dy = graph.Placeholder("dy", DType.Float32, [2, 3, 4, 4]);
        var y = (x - 0.3).Relu().MaxPool([3, 3], Sliding.Uniform(2, stride: 2));
        var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed, DisabledPasses = disabled.ToHashSet() });
        Tensor[] feeds = [Random(x.Shape, 1), Random(dy.Shape, 2)];
        return (session, session.Compile([x, dy], [y, Gradients.Of(y, dy, [x])[0]!.Dense()]), feeds);
    }

    [Fact]
    public void Rectifying_before_the_pooling_gives_the_same_bits()
    {
        var (session, step, feeds) = Net();
        var (plainSession, plain, _) = Net("rectify-pooled");
        using (session)
        using (plainSession)
            Assert.Equal(plain.Run(feeds).SelectMany(t => t.ToArray<float>()), step.Run(feeds).SelectMany(t => t.ToArray<float>()));
    }

    [Fact]
    public void Gradient_is_rectified_where_it_is_small()
    {
        var (session, step, feeds) = Net();
        using (session)
        {
            var kernels = step.PlanFor(feeds).Operations.ToList();
            Assert.InRange(kernels.FindIndex(k => k.Contains("RectifierGradient", StringComparison.Ordinal)), 0, kernels.FindIndex(k => k.Contains("MaxPoolBackward", StringComparison.Ordinal)) - 1);
        }
    }

    [Fact]
    public void A_gradient_that_is_read_unrectified_too_stays_as_it_was()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [1, 1, 4, 4]);
        var rectified = x.Relu();
        var loss = rectified.MaxPool([2, 2], Sliding.Uniform(2, stride: 2)).Square().Sum();
        var gradients = Gradients.Of(loss, rectified, x);
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var fed = Tensor.From(new float[] { -4, -3, 1, 2, -2, -1, 4, 3, -1, 5, 0, 0, 2, 3, 0, 0 }, [1, 1, 4, 4]);
        var results = session.Run([gradients[0]!.Dense(), gradients[1]!.Dense()], (x, fed));
        Assert.Equal(fed.ToArray<float>().Zip(results[0].ToArray<float>(), (value, dy) => value > 0 ? dy : 0), results[1].ToArray<float>());
    }

    private static Tensor Random(Shape shape, ulong seed)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        Philox.FillUniform(tensor.Span<float>(), new PhiloxKey(seed, 0));
        return tensor;
    }
}
