using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// Differentiation as a library over graphs: it adds nodes and asks nothing of the runtime. Reverse mode (backpropagation), as in
/// Abadi et al., "TensorFlow" (2016), section 4.1: walk from the result to the sources, sum what the consumers contribute.
/// </summary>
/// <remarks>
/// Derivatives are total: where one of xs is computed from another of them, the other's derivative includes the path through it.
/// </remarks>
public static partial class Gradients
{
    /// <summary>The gradients of a scalar with respect to some values.</summary>
    /// <param name="y">What to differentiate: one element.</param>
    /// <param name="xs">With respect to what: any values, also ones that are computed from others.</param>
    /// <returns>One for each of <paramref name="xs"/>; null where y does not depend on it.</returns>
    /// <exception cref="ShapeException">y has more than one element.</exception>
    public static IReadOnlyList<Gradient?> Of(Value y, params IReadOnlyList<Value> xs)
    {
        if (!y.Shape.IsKnown || y.Shape.ElementCount != 1) throw new ShapeException($"Gradients.Of differentiates a scalar; {y} is none: reduce it with Mean or Sum.");
        return Of(y, y.OnesLike(), xs);
    }

    /// <summary>The gradients of a scalar with respect to variables, as dense or sparse tensors.</summary>
    /// <inheritdoc cref="Of(Value, IReadOnlyList{Value})"/>
    public static IReadOnlyList<Gradient?> Of(Value y, IEnumerable<Variable> variables) => Of(y, [.. variables.Select(v => v.Value)]);

    /// <summary>The product of a given gradient dy with the Jacobian of y (VJP).</summary>
    /// <param name="y">What to differentiate, of any shape.</param>
    /// <param name="dy">As y.</param>
    /// <param name="xs">With respect to what.</param>
    /// <returns>One for each of <paramref name="xs"/>; null where y does not depend on it.</returns>
    public static IReadOnlyList<Gradient?> Of(Value y, Value dy, IReadOnlyList<Value> xs) => Of([y], [dy], xs);

    /// <summary>The sum over several results of the products of a given gradient with the Jacobian (VJP).</summary>
    /// <param name="ys">What to differentiate, of any shapes.</param>
    /// <param name="dys">One for each of <paramref name="ys"/>, as that.</param>
    /// <param name="xs">With respect to what.</param>
    /// <returns>One for each of <paramref name="xs"/>; null where no y depends on it.</returns>
    /// <exception cref="ShapeException">A gradient does not fit its result.</exception>
    public static IReadOnlyList<Gradient?> Of(IReadOnlyList<Value> ys, IReadOnlyList<Value> dys, IReadOnlyList<Value> xs) => Of(ys, dys, xs, v => v);

    /// <summary>The gradients of a scalar with respect to some values, where the backward pass reads other values of the same elements in place of some: such as are brought again rather than kept.</summary>
    /// <inheritdoc cref="Of(Value, IReadOnlyList{Value})"/>
    /// <param name="y">What to differentiate: one element.</param>
    /// <param name="xs">With respect to what.</param>
    /// <param name="again">What is read in a value's place, of its elements: itself for most. Asked when the backward pass comes to the first operation that reads it.</param>
    public static IReadOnlyList<Gradient?> Of(Value y, IReadOnlyList<Value> xs, Func<Value, Value> again) => Of([y], [y.OnesLike()], xs, again);

    private static IReadOnlyList<Gradient?> Of(IReadOnlyList<Value> ys, IReadOnlyList<Value> dys, IReadOnlyList<Value> xs, Func<Value, Value> again)
    {
        RequirePairs(ys, dys, "result", "gradient");
        // Within a body, values from around it are known by what stands for them there.
        if (ys.Count > 0) xs = [.. xs.Select(ys[0].Graph.Import)];
        var paths = new Paths(xs, ys);
        var sums = new Dictionary<Value, List<Gradient>>();
        for (var i = 0; i < ys.Count; i++)
            if (paths.Contains(ys[i])) Add(sums, ys[i], dys[i]);
        foreach (var node in paths.Nodes.Reverse())
        {
            if (!node.Outputs.Any(sums.ContainsKey)) continue;
            using var scope = node.Graph.Scope("gradients/" + node.Name);
            Value?[] outputs = [.. node.Outputs.Select(o => sums.TryGetValue(o, out var parts) ? Settle(sums, o, parts) : null)];
            Value[] read = [.. node.Inputs.Select(again)];
            var inputs = node.Operation.Differentiate(read.SequenceEqual(node.Inputs) ? node : node.Reading(read), outputs);
            for (var i = 0; i < inputs.Count; i++)
                if (inputs[i] is { } part && paths.Contains(node.Inputs[i])) Add(sums, node.Inputs[i], part);
        }
        return [.. xs.Select(x => sums.TryGetValue(x, out var parts) ? Sum(parts) : null)];
    }

    private static void Add(Dictionary<Value, List<Gradient>> sums, Value value, Gradient part)
    {
        if (!sums.TryGetValue(value, out var list)) sums[value] = list = [];
        list.Add(part);
    }

    private static Value Settle(Dictionary<Value, List<Gradient>> sums, Value value, List<Gradient> parts)
    {
        var dense = Sum(parts).Dense();
        sums[value] = [dense];
        return dense;
    }

    private static Gradient Sum(List<Gradient> parts)
    {
        if (parts.Count == 1) return parts[0];
        if (parts.All(p => p.IsSparse))
            return Gradient.Sparse(
                Operations.Concat([.. parts.Select(p => p.Indices!)], 0), Operations.Concat([.. parts.Select(p => p.Values)], 0), parts[0].Like!);
        return parts.Select(p => p.Dense()).Aggregate(Plus);
    }

    /// <summary>The sum of two derivatives, which may be of lists.</summary>
    internal static Value Plus(Value a, Value b) => a.Type == DType.List ? Operations.AddLists(a, b) : a + b;

    private static void RequirePairs(IReadOnlyList<Value> values, IReadOnlyList<Value> derivatives, string value, string derivative)
    {
        if (values.Count != derivatives.Count) throw new ShapeException($"There is one {derivative} for each {value}; got {derivatives.Count} for {values.Count}.");
        for (var i = 0; i < values.Count; i++)
            if (values[i].Type != derivatives[i].Type || !values[i].Shape.Accepts(derivatives[i].Shape))
                throw new ShapeException($"The {derivative} of {values[i]} has its type and shape; got {derivatives[i]}.");
    }
}
