using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <content>Gradients that are given rather than derived.</content>
public static partial class Gradients
{
    /// <summary>A function whose gradient is replaced by a given one.</summary>
    /// <param name="inputs">What the function is differentiated with respect to. Other values that it uses count as constants.</param>
    /// <param name="forward">Computes the outputs.</param>
    /// <param name="backward">Computes the gradient of each input from inputs, outputs and the outputs' gradients. It is differentiated itself for derivatives of higher order.</param>
    /// <returns>The outputs.</returns>
    public static IReadOnlyList<Value> Custom(IReadOnlyList<Value> inputs, Func<IReadOnlyList<Value>, IReadOnlyList<Value>> forward, GradientRule backward)
    {
        var outputs = forward([.. inputs.Select(i => i.StopGradient())]);
        return outputs[0].Graph.AddNode(new CustomGradient(inputs.Count, backward, IsDerivative: false), [.. inputs, .. outputs]).Outputs;
    }

    /// <summary>A function of one value whose gradient is replaced by a given one.</summary>
    /// <param name="x">The value.</param>
    /// <param name="forward">Computes y from x.</param>
    /// <param name="backward">Computes dx from x, y and dy.</param>
    /// <returns>y.</returns>
    public static Value Custom(Value x, Func<Value, Value> forward, Func<Value, Value, Value, Value?> backward) =>
        Custom([x], v => [forward(v[0])], (xs, ys, dys) => [backward(xs[0], ys[0], dys[0])])[0];
}
