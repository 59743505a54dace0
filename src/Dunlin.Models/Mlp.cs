using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>The multilayer perceptron: linear layers with rectified units between them.</summary>
public static class Mlp
{
    /// <summary>x[N, d…] gives y[N, outputs].</summary>
    /// <param name="outputs">The last layer's features: classes, say.</param>
    /// <param name="hidden">The features of each hidden layer.</param>
    public static Sequential Create(int outputs, params IEnumerable<int> hidden) =>
        new([new Flatten(), .. hidden.SelectMany(features => (Layer[])[new Linear(features), new Relu()]), new Linear(outputs)]);
}
