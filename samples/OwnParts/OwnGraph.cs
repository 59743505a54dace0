using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.OwnParts;

/// <summary>A graph without layers: fits w so that the weighted sums of two rows become 1.</summary>
public static class OwnGraph
{
    /// <summary>Runs some steps of gradient descent and returns the losses.</summary>
    public static IReadOnlyList<float> Fit(int steps)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 3]);
        var w = graph.Variable("w", DType.Float32, [3], Initializers.Normal(0, 0.1));
        var loss = ((x * w.Value).Sum([1]) - 1).Square().Mean();
        var gradient = Gradients.Of(loss, [w])[0]!.Dense();
        using var session = new Session(graph);
        var step = session.Compile(feeds: [x], fetches: [loss], targets: [w.Assign(w.Value - gradient * 0.01)]);
        var rows = Tensor.From([1f, 2f, 3f, 4f, 5f, 6f], [2, 3]);
        return [.. Enumerable.Range(0, steps).Select(_ => step.Run(rows)[0].Item<float>())];
    }
}
