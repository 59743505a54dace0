using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// Memory for time: parts of a graph whose interior values are not kept for the backward pass but computed again there (Chen et al.,
/// "Training deep nets with sublinear memory cost", 2016). With √n parts of √n layers each, n layers need memory for about 2·√n.
/// </summary>
public static class Recompute
{
    /// <summary>The outputs of a function, of which only inputs and outputs are kept for the backward pass.</summary>
    /// <remarks>
    /// The gradients are the same to the bit. Interior values can't be differentiated with respect to; variables that the function uses can.
    /// Random operations draw from counters, so that they draw the same again.
    /// </remarks>
    /// <param name="function">Computes the outputs; it may use any other values of the graph, and make variables.</param>
    /// <param name="inputs">Its inputs, at least one: what does not depend on them is not computed again.</param>
    public static IReadOnlyList<Value> Of(Func<IReadOnlyList<Value>, IReadOnlyList<Value>> function, params IReadOnlyList<Value> inputs)
    {
        if (inputs.Count == 0) throw new DunlinException("Recompute.Of needs an input: what does not depend on any is never computed again.");
        // Copies, in case one input is computed from another.
        Value[] xs = [.. inputs.Select(i => i.Identity())];
        var ys = function(xs);
        var first = Subgraph.First(xs);
        Value[] used = [.. Subgraph.Behind(ys, first).Where(n => !xs.Contains(n.Outputs[0])).SelectMany(n => n.Inputs)
            .Where(v => v.Type.IsFloat() && !xs.Contains(v) && (v.Node.Index < first || v.Node.Operation is Source and not Constant)).Distinct()];
        GradientRule rule = (sources, _, dys) =>
        {
            // The barrier ties the second computation to the gradient: it can neither be merged with the first nor run before it is needed.
            // Sources of their own, because what the function uses may also be what its inputs are computed from.
            Value[] again = [.. sources.Take(xs.Length).Select(x => x.Barrier(dys)), .. sources.Skip(xs.Length).Select(v => v.Identity())];
            return [.. Gradients.Of(Subgraph.Rebuild(ys, [.. xs, .. used], again), dys, again).Zip(sources, Owned)];
        };
        return ys[0].Graph.AddNode(new CustomGradient(xs.Length + used.Length, rule, IsDerivative: true), [.. xs, .. used, .. ys]).Outputs;
    }

    /// <summary>A sparse gradient of a copy as one of the original.</summary>
    private static Gradient? Owned(Gradient? gradient, Value table) => gradient?.Indices is { } rows ? Gradient.Sparse(rows, gradient.Values, table) : gradient;

    /// <summary>The output of a function of one value, of which only input and output are kept for the backward pass.</summary>
    /// <inheritdoc cref="Of(Func{IReadOnlyList{Value}, IReadOnlyList{Value}}, IReadOnlyList{Value})"/>
    /// <param name="function">Computes the output.</param>
    /// <param name="input">Its input.</param>
    public static Value Of(Func<Value, Value> function, Value input) => Of(x => [function(x[0])], [input])[0];
}
