using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>Gradients of a node by way of simpler operations that compute the same: for operations with a kernel of their own that are rarely differentiated.</summary>
internal static class Composition
{
    /// <summary>The gradients of a node whose outputs are a function of its inputs made of other operations.</summary>
    /// <param name="node">The node.</param>
    /// <param name="outputGradients">As given to <see cref="Operation.Differentiate"/>.</param>
    /// <param name="function">Computes the outputs from the inputs; null for those that have no gradient.</param>
    public static IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients, Func<IReadOnlyList<Value>, IReadOnlyList<Value?>> function)
    {
        // One input may depend on another: through copies of their own, differentiation sees each by itself.
        Value[] inputs = [.. node.Inputs.Select(i => i.Identity())];
        var outputs = function(inputs);
        var sums = new Gradient?[inputs.Length];
        for (var o = 0; o < outputs.Count; o++)
        {
            if (outputGradients[o] is not { } dy || outputs[o] is not { } y) continue;
            var parts = Gradients.Of(y, dy, inputs);
            for (var i = 0; i < sums.Length; i++)
                sums[i] = sums[i] is { } sum && parts[i] is { } part ? sum.Dense() + part.Dense() : sums[i] ?? parts[i];
        }
        return sums;
    }
}
