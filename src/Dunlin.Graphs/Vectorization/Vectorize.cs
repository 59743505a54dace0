using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// Turns computations on one example into computations on many at once (vmap). Every operation on the way is replaced by one that does
/// all examples, by its <see cref="Operation.Vectorized"/> rule; one without a rule is applied to each example by itself. What is the same for
/// all examples is computed once.
/// </summary>
public static class Vectorize
{
    /// <summary>Applies a function of examples to all examples at once.</summary>
    /// <param name="function">Computes results from one example's inputs. It may differentiate, use other values of the graph, and call Map itself.</param>
    /// <param name="inputs">The inputs of all examples.</param>
    /// <param name="axes">For each input the dimension along which the examples stand, or null if all examples share it; dimension 0 unless given.</param>
    /// <returns>The results, with a first dimension for the examples.</returns>
    /// <exception cref="ShapeException">The inputs are of different numbers of examples.</exception>
    /// <exception cref="DunlinException">An operation on the way has no rule, and the number of examples is not known.</exception>
    public static IReadOnlyList<Value> Map(Func<IReadOnlyList<Value>, IReadOnlyList<Value>> function, IReadOnlyList<Value> inputs, IReadOnlyList<int?>? axes = null)
    {
        axes ??= [.. inputs.Select(_ => (int?)0)];
        if (axes.Count != inputs.Count || axes.All(a => a is null)) throw new ShapeException($"Vectorize.Map takes a dimension, or null, for each of {inputs.Count} inputs, and a dimension for at least one.");
        Value[] batches = [.. inputs.Select((x, i) => axes[i] is { } axis ? Batching.First(x, Resolve(x, axis)) : x)];
        // The first example stands for all: a value like any other, though nothing will compute it.
        Value[] examples = [.. batches.Select((b, i) => axes[i] is null ? b : b.StridedSlice(0..1).Squeeze(0))];
        var mapped = Enumerable.Range(0, inputs.Count).Where(i => axes[i] is not null).ToList();
        return Of(function(examples), [.. mapped.Select(i => examples[i])], [.. mapped.Select(i => batches[i])]);
    }

    /// <summary>Applies a function of one input to all examples at once.</summary>
    /// <inheritdoc cref="Map(Func{IReadOnlyList{Value}, IReadOnlyList{Value}}, IReadOnlyList{Value}, IReadOnlyList{int?})"/>
    /// <param name="function">Computes the result from one example.</param>
    /// <param name="input">All examples.</param>
    /// <param name="axis">The dimension along which they stand.</param>
    public static Value Map(Func<Value, Value> function, Value input, int axis = 0) => Map(x => [function(x[0])], [input], [axis])[0];

    /// <summary>Values as they would be for each of many examples of what they are computed from.</summary>
    /// <param name="ys">What is computed from one example.</param>
    /// <param name="xs">The example: any values that ys are computed from.</param>
    /// <param name="batches">For each of <paramref name="xs"/> the examples in its place, along a first dimension.</param>
    /// <returns>ys for all examples, along a first dimension.</returns>
    /// <exception cref="ShapeException">The examples do not fit.</exception>
    public static IReadOnlyList<Value> Of(IReadOnlyList<Value> ys, IReadOnlyList<Value> xs, IReadOnlyList<Value> batches)
    {
        for (var i = 0; i < xs.Count; i++)
            if (i >= batches.Count || batches[i].Type != xs[i].Type || batches[i].Shape.Rank == 0 || !xs[i].Shape.Accepts(batches[i].Shape[1..]) || !batches[0].Shape[..1].Accepts(batches[i].Shape[..1]))
                throw new ShapeException($"Examples of {xs[i]} stand along a first dimension, as many as for all others; got {(i < batches.Count ? batches[i] : "none")}.");
        var sample = batches.FirstOrDefault(b => b.Shape[0] != Shape.Unknown) ?? batches[0];
        return Replay(ys, xs, [.. batches.Select(b => new Batched(b, true))], new Batching(sample));
    }

    internal static IReadOnlyList<Value> Replay(IReadOnlyList<Value> ys, IReadOnlyList<Value> xs, IReadOnlyList<Batched> replacements, Batching batching) =>
        batching.Everywhere(ReplayEach(ys, xs, replacements, batching));

    /// <summary>The same, where results that are the same for all examples stay so.</summary>
    internal static IReadOnlyList<Batched> ReplayEach(IReadOnlyList<Value> ys, IReadOnlyList<Value> xs, IReadOnlyList<Batched> replacements, Batching batching)
    {
        var now = new Dictionary<Value, Batched>();
        for (var i = 0; i < xs.Count; i++) now[xs[i]] = replacements[i];
        foreach (var node in Subgraph.Behind(ys, Subgraph.First(xs)))
        {
            if (!node.Inputs.Any(now.ContainsKey) || node.Outputs.All(now.ContainsKey)) continue;
            var outputs = Apply(node, [.. node.Inputs.Select(i => now.TryGetValue(i, out var b) ? b : new(i, false))], batching);
            for (var o = 0; o < node.Outputs.Count; o++) now.TryAdd(node.Outputs[o], outputs[o]);
        }
        return [.. ys.Select(y => now.TryGetValue(y, out var b) ? b : new(y, false))];
    }

    /// <summary>Which of some values differ between examples if some others do.</summary>
    internal static HashSet<Value> Differing(IReadOnlyList<Value> ys, IReadOnlyList<Value> xs, IEnumerable<Value> differing)
    {
        var found = differing.ToHashSet();
        foreach (var node in Subgraph.Behind(ys, Subgraph.First(xs)))
            if (node.Inputs.Where((v, i) => found.Contains(v) && node.Operation.ReadsElements(i)).Any()) found.UnionWith(node.Outputs);
        return found;
    }

    private static IReadOnlyList<Batched> Apply(Node node, Batched[] inputs, Batching batching)
    {
        // An input of which only the shape is read is the same for all examples.
        if (!inputs.Where((v, i) => v.IsBatched && node.Operation.ReadsElements(i)).Any())
            return [.. node.Graph.AddNode(node.Operation, [.. inputs.Select((v, i) => v.IsBatched ? OfShape(node.Inputs[i]) : v.Value)]).Outputs.Select(o => new Batched(o, false))];
        if (node.Operation.Writes is { } variable)
            throw new DunlinException($"{node.Name} would give the variable {variable.Name} new elements for each example; assign outside of what is vectorised.");
        using var scope = node.Graph.Scope("batched/" + node.Name);
        return node.Operation.VectorizedEach(node, inputs, batching) ?? [.. OneByOne(node, inputs, batching).Select(o => new Batched(o, true))];
    }

    /// <summary>A value of the same type and shape; the value itself only where its shape is not known before it runs.</summary>
    private static Value OfShape(Value value) => value.Shape.IsKnown ? value.Number(0).BroadcastTo(value.Shape) : value;

    private static IReadOnlyList<Value> OneByOne(Node node, Batched[] inputs, Batching batching)
    {
        if (batching.Length is Shape.Unknown or 0)
            throw new DunlinException($"{node.Operation.Name} (node {node.Name}) has no rule for many examples at once and is applied to each by itself, "
                + $"so that their number has to be known and at least 1; state it where {string.Join(" or ", inputs.Where(i => i.IsBatched).Select(i => i.Value.Name))} is made.");
        IReadOnlyList<Value>[] slices = [.. inputs.Select(i => i.IsBatched ? i.Value.Unstack() : [])];
        var nodes = Enumerable.Range(0, batching.Length)
            .Select(e => node.Graph.AddNode(node.Operation, [.. inputs.Select((b, i) => b.IsBatched ? slices[i][e] : b.Value)])).ToList();
        return [.. node.Outputs.Select((_, o) => Operations.Stack([.. nodes.Select(n => n.Outputs[o])]))];
    }

    private static int Resolve(Value x, int axis) => Along.Fits(axis, x.Shape)
        ? axis < 0 ? axis + x.Shape.Rank : axis
        : throw new ShapeException($"Vectorize.Map: {x} has no dimension {axis} for the examples.");
}
