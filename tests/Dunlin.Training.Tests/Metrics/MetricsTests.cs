using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Metrics;

public class MetricsTests
{
    [Fact]
    public void Accuracy_counts_right_classes_and_top_k_near_ones()
    {
        Assert.Equal(1 / 3f, Of(Training.Metrics.Accuracy), 1e-6f);
        Assert.Equal(1 / 3f, Of(Training.Metrics.TopAccuracy(1)), 1e-6f);
        Assert.Equal(2 / 3f, Of(Training.Metrics.TopAccuracy(2)), 1e-6f);
        Assert.Equal(1, Of(Training.Metrics.TopAccuracy(4)), 1e-6f);
    }

    private static float Of(Metric metric)
    {
        var graph = new Graph();
        var prediction = graph.Constant(Tensor.From(new float[] { 1, 5, 2, 0, /**/ 4, 3, 2, -1, /**/ 9, 8, 7, 6 }, [3, 4]));
        using var session = new Session(graph, TestSession.Options);
        return session.Run(metric.Mean(prediction, graph.Constant(Tensor.From([1, 1, 3])))).Item<float>();
    }
}
