using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>One layer f(x) = Ψ(W x + b).</summary>
/// <param name="W">W [outputs, inputs].</param>
/// <param name="B">b [outputs].</param>
/// <param name="Activation">Ψ.</param>
public sealed record MlpLayer(Value W, Value B, Activation Activation)
{
    /// <summary>W x + b for each row of x.</summary>
    public Value Affine(Value x) => x.MatMul(W, transposeB: true) + B;
}

/// <summary>A multilayer perceptron F = f_L ∘ … ∘ f₁, with tanh between its layers and nothing after the last. Examples are rows.</summary>
public sealed class Mlp(params IReadOnlyList<MlpLayer> layers)
{
    /// <summary>Makes the variables.</summary>
    /// <param name="graph">Where.</param>
    /// <param name="type">Of all numbers.</param>
    /// <param name="widths">Inputs, hidden units of each layer, outputs.</param>
    public static Mlp Create(Graph graph, DType type, params int[] widths) => new(
    [
        .. widths.Zip(widths.Skip(1)).Select((width, i) => new MlpLayer(
            graph.Variable($"w{i + 1}", type, [width.Second, width.First], Initializers.GlorotUniform()).Value,
            graph.Variable($"b{i + 1}", type, [width.Second], Initializers.Zeros).Value,
            i == widths.Length - 2 ? Activation.Identity : Activation.Tanh)),
    ]);

    /// <summary>From the first to the last.</summary>
    public IReadOnlyList<MlpLayer> Layers => layers;

    /// <summary>All W and b: W₁, b₁, W₂, …</summary>
    public IReadOnlyList<Value> Parameters => [.. layers.SelectMany(layer => new[] { layer.W, layer.B })];

    /// <summary>F(x).</summary>
    public Value Apply(Value x) => layers.Aggregate(x, (state, layer) => layer.Activation.Function(layer.Affine(state)));
}
