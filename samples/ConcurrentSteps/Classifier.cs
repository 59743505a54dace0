using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.ConcurrentSteps;

/// <summary>A perceptron on pictures of 14 × 14. Every step that is built from it reads and writes the same variables.</summary>
public sealed class Classifier(Graph graph)
{
    /// <summary>The length of a preprocessed picture.</summary>
    public const int Pixels = 14 * 14;

    private readonly Variable _w1 = graph.Variable("hidden/weight", DType.Float32, [Pixels, 64], Initializers.HeNormal());
    private readonly Variable _b1 = graph.Variable("hidden/bias", DType.Float32, [64], Initializers.Zeros);
    private readonly Variable _w2 = graph.Variable("output/weight", DType.Float32, [64, 10], Initializers.HeNormal());
    private readonly Variable _b2 = graph.Variable("output/bias", DType.Float32, [10], Initializers.Zeros);

    public IReadOnlyList<Variable> Variables => [_w1, _b1, _w2, _b2];

    /// <summary>Pictures [n, 1, 28, 28] in half the size, each with mean 0 and deviation 1: [n, 196].</summary>
    public static Value Preprocess(Value pictures)
    {
        var small = pictures.AveragePool([2, 2], Sliding.Uniform(2, stride: 2)).Flatten();
        return (small - small.Mean([1], keepDimensions: true)) / small.StandardDeviation([1], keepDimensions: true);
    }

    public Value Logits(Value pictures) => (pictures.MatMul(_w1.Value) + _b1.Value).Relu().MatMul(_w2.Value) + _b2.Value;

    /// <summary>One step of gradient descent: the loss, and the assignments. There is no lock: an update of another step may fall between reading and writing.</summary>
    public (Value Loss, IReadOnlyList<Value> Updates) Descend(Value pictures, Value labels, double rate)
    {
        var loss = Losses.SoftmaxCrossEntropy(Logits(pictures), labels);
        var gradients = Gradients.Of(loss, Variables);
        return (loss, [.. Variables.Zip(gradients, (v, g) => v.Assign(v.Value - g!.Dense() * rate))]);
    }
}
