using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>How a loop runs.</summary>
public sealed record LoopOptions
{
    /// <summary>What names of nodes and messages call it.</summary>
    public string Name { get; init; } = "loop";

    /// <summary>The most iterations; one more is an error.</summary>
    /// <value>At least 1; null for no limit.</value>
    public long? Limit { get; init => field = value is { } limit ? Require.AtLeast(nameof(LoopOptions), limit, 1, nameof(Limit)) : null; }

    /// <summary>The shapes of the states, where they change between iterations: a length that does is <see cref="Shape.Unknown"/>.</summary>
    public IReadOnlyList<Shape>? Shapes { get; init; }

    /// <summary>Whether a scan begins with the last elements; what it stacks stays in the elements' order.</summary>
    public bool Reverse { get; init; }

    /// <summary>The same, with a state before the others.</summary>
    internal LoopOptions Before(Shape state) => Shapes is null ? this : this with { Shapes = [state, .. Shapes] };
}

/// <summary>
/// Branches and loops as operations of the graph. Their bodies are functions of values, called once while the graph is built; they may use any value
/// from around them, and nest. All are differentiable, to any order. Variables are assigned outside of them, from what they return.
/// </summary>
public static class ControlFlow
{
    /// <summary>What one of two functions returns; only that one runs.</summary>
    /// <param name="condition">A Bool scalar.</param>
    /// <param name="then">Runs if the condition holds.</param>
    /// <param name="otherwise">Runs if not; returns as many values of the same element types and ranks.</param>
    /// <param name="name">What names of nodes and messages call it.</param>
    public static IReadOnlyList<Value> If(Value condition, Func<IReadOnlyList<Value>> then, Func<IReadOnlyList<Value>> otherwise, string name = "if")
    {
        var (first, firstCaptures) = Branch(condition.Graph, name + "/then", then);
        var (second, secondCaptures) = Branch(condition.Graph, name + "/else", otherwise);
        if (first.Results.Count != second.Results.Count)
            throw new ShapeException($"{name}: one branch returns {first.Results.Count} values and the other {second.Results.Count}; they are to return as many.");
        return condition.Graph.AddNode(new If(first, second), [condition, .. firstCaptures, .. secondCaptures], name).Outputs;
    }

    /// <inheritdoc cref="If(Value, Func{IReadOnlyList{Value}}, Func{IReadOnlyList{Value}}, string)"/>
    public static Value If(Value condition, Func<Value> then, Func<Value> otherwise, string name = "if") => If(condition, () => [then()], () => [otherwise()], name)[0];

    /// <summary>Repeats a function of some states as long as a condition of them holds. The condition is asked before each iteration.</summary>
    /// <param name="initial">The states before the first iteration; at least one.</param>
    /// <param name="condition">A Bool scalar.</param>
    /// <param name="body">The next states, of the same element types and shapes (see <see cref="LoopOptions.Shapes"/>).</param>
    /// <param name="options">How it runs.</param>
    /// <returns>The last states.</returns>
    /// <exception cref="ShapeException">A state changes its type.</exception>
    public static IReadOnlyList<Value> While(IReadOnlyList<Value> initial, Func<IReadOnlyList<Value>, Value> condition,
        Func<IReadOnlyList<Value>, IReadOnlyList<Value>> body, LoopOptions? options = null) =>
        new LoopRequest(Trips.While, initial, options) { First = condition(initial) }.Add((states, _) =>
        {
            var next = body(states);
            return (condition(next), next, []);
        }).States;

    /// <inheritdoc cref="While(IReadOnlyList{Value}, Func{IReadOnlyList{Value}, Value}, Func{IReadOnlyList{Value}, IReadOnlyList{Value}}, LoopOptions?)"/>
    public static Value While(Value initial, Func<Value, Value> condition, Func<Value, Value> body, LoopOptions? options = null) =>
        While([initial], s => condition(s[0]), s => [body(s[0])], options)[0];

    /// <summary>Repeats a function of some states a number of times.</summary>
    /// <param name="count">How often, an Int64 scalar; less than 1 means not at all.</param>
    /// <param name="initial">The states before the first iteration.</param>
    /// <param name="body">The next states, from the number of the iteration (Int64, from 0) and the states.</param>
    /// <param name="options">How it runs.</param>
    /// <returns>The last states.</returns>
    public static IReadOnlyList<Value> Repeat(Value count, IReadOnlyList<Value> initial, Func<Value, IReadOnlyList<Value>, IReadOnlyList<Value>> body, LoopOptions? options = null) =>
        [.. new LoopRequest(Trips.Count, [count.Number(0), .. initial], options?.Before(Shape.Scalar)) { First = count }
            .Add((s, _) => (null, [s[0] + 1, .. body(s[0], [.. s.Skip(1)])], [])).States.Skip(1)];

    /// <summary>Goes through tensors along their first dimension with some states, and stacks what each iteration gives.</summary>
    /// <param name="xs">Tensors of equal first dimensions T.</param>
    /// <param name="initial">The states before the first iteration; may be none.</param>
    /// <param name="body">The next states and the outputs, from the states and an element of each of <paramref name="xs"/>.</param>
    /// <param name="options">How it runs.</param>
    /// <returns>The last states; the outputs of all iterations, [T, …].</returns>
    public static (IReadOnlyList<Value> States, IReadOnlyList<Value> Outputs) Scan(IReadOnlyList<Value> xs, IReadOnlyList<Value> initial,
        Func<IReadOnlyList<Value>, IReadOnlyList<Value>, (IReadOnlyList<Value> States, IReadOnlyList<Value> Outputs)> body, LoopOptions? options = null)
    {
        var (states, outputs, _) = new LoopRequest(Trips.Length, initial, options) { Scanned = xs }.Add((s, x) =>
        {
            var (next, given) = body(s, x);
            return (null, next, given);
        });
        return (states, outputs);
    }

    /// <summary>A scan that ends early, when a condition of the states no longer holds. The condition is asked before each iteration.</summary>
    /// <returns>The last states; the outputs of the iterations that ran: their number is known when it has run.</returns>
    /// <inheritdoc cref="Scan"/>
    public static (IReadOnlyList<Value> States, IReadOnlyList<Value> Outputs) ScanWhile(IReadOnlyList<Value> xs, IReadOnlyList<Value> initial, Func<IReadOnlyList<Value>, Value> condition,
        Func<IReadOnlyList<Value>, IReadOnlyList<Value>, (IReadOnlyList<Value> States, IReadOnlyList<Value> Outputs)> body, LoopOptions? options = null)
    {
        // Turned around, what it scans and what it stacks begin at the same place, wherever it ends.
        if (options is { Reverse: true })
        {
            var turned = ScanWhile([.. xs.Select(x => x.Reverse(0))], initial, condition, body, options with { Reverse = false });
            return (turned.States, [.. turned.Outputs.Select(o => o.Reverse(0))]);
        }
        TensorType[] types = [];
        var (states, outputs, _) = new LoopRequest(Trips.While, initial, options) { First = condition(initial), Scanned = xs }.Add((s, x) =>
        {
            var (next, given) = body(s, x);
            types = [.. given.Select(g => g.TensorType)];
            return (condition(next), next, given);
        });
        return (states, [.. outputs.Select((o, i) => o.StackList(types[i]))]);
    }

    /// <summary>A function of each part of tensors along their first dimension.</summary>
    /// <param name="xs">Tensors of equal first dimensions T.</param>
    /// <param name="function">Of an element of each.</param>
    /// <param name="options">How it runs.</param>
    /// <returns>What it gave for each, [T, …].</returns>
    public static IReadOnlyList<Value> Map(IReadOnlyList<Value> xs, Func<IReadOnlyList<Value>, IReadOnlyList<Value>> function, LoopOptions? options = null) =>
        Scan(xs, [], (_, x) => ([], function(x)), options ?? new() { Name = "map" }).Outputs;

    /// <inheritdoc cref="Map(IReadOnlyList{Value}, Func{IReadOnlyList{Value}, IReadOnlyList{Value}}, LoopOptions?)"/>
    public static Value Map(Value x, Func<Value, Value> function, LoopOptions? options = null) => Map([x], e => [function(e[0])], options)[0];

    /// <summary>Brings the parts of a tensor along its first dimension together, one after the other.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="initial">What it begins with.</param>
    /// <param name="function">From what there is and the next part.</param>
    /// <param name="options">How it runs.</param>
    public static Value Fold(Value x, Value initial, Func<Value, Value, Value> function, LoopOptions? options = null) =>
        Scan([x], [initial], (s, e) => ([function(s[0], e[0])], []), options ?? new() { Name = "fold" }).States[0];

    private static (Body Body, IReadOnlyList<Value> Captures) Branch(Graph graph, string name, Func<IReadOnlyList<Value>> function)
    {
        var builder = new BodyBuilder(graph, name);
        using (builder.Graph.Build())
        {
            var body = builder.Return(function());
            builder.RefuseAssignments();
            return (body, builder.Captures);
        }
    }
}
