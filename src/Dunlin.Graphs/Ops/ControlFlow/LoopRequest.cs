namespace Dunlin.Graphs.Ops;

/// <summary>A loop to be built.</summary>
/// <param name="Trips">What ends it.</param>
/// <param name="Initial">The states before the first iteration.</param>
/// <param name="Options">How it runs.</param>
internal sealed record LoopRequest(Trips Trips, IReadOnlyList<Value> Initial, LoopOptions? Options)
{
    /// <summary>The number of iterations, or whether there is a first.</summary>
    public Value? First { get; init; }

    /// <summary>The tensors to go through.</summary>
    public IReadOnlyList<Value> Scanned { get; init; } = [];

    /// <summary>Builds the body and adds the loop.</summary>
    /// <param name="function">From states and elements: whether to go on (While only), the next states, what to stack.</param>
    public (IReadOnlyList<Value> States, IReadOnlyList<Value> Stacked, Value? Count) Add(
        Func<IReadOnlyList<Value>, IReadOnlyList<Value>, (Value? GoOn, IReadOnlyList<Value> Next, IReadOnlyList<Value> Outputs)> function)
    {
        var how = Options ?? new();
        if (Initial.Count == 0 && Scanned.Count == 0) throw new ShapeException($"{how.Name}: a loop has states or goes through tensors; this one has neither.");
        if (how.Shapes is { } shapes && shapes.Count != Initial.Count) throw new ShapeException($"{how.Name}: {shapes.Count} shapes were declared for {Initial.Count} states.");
        foreach (var x in Scanned)
            if (x.Shape.Rank == 0) throw new ShapeException($"{how.Name}: goes through the first dimension of {x}, which has none.");
        var around = (First ?? Initial.Concat(Scanned).First()).Graph;
        var builder = new BodyBuilder(around, how.Name);
        Body body;
        Value[] stacked;
        using (builder.Graph.Build())
        {
            Value[] states = [.. Initial.Select((s, i) => builder.Parameter(new(s.Type, how.Shapes?[i] ?? s.Shape), $"state {i}"))];
            Value[] elements = [.. Scanned.Select((x, i) => builder.Parameter(new(x.Type, x.Shape[1..]), $"element {i}"))];
            var (goOn, next, given) = function(states, elements);
            if (next.Count != states.Length) throw new ShapeException($"{how.Name}: the body is to return {states.Length} states, not {next.Count}.");
            stacked = [.. given.Select(builder.Graph.Import)];
            body = builder.Return(goOn is null ? next : [goOn, .. next]);
            builder.RefuseAssignments();
        }
        // What the backward pass reads of an iteration may then differ in shape from one to the next, which only lists can hold.
        var asLists = Trips == Trips.Length && (body.ChangesShapes || how.Shapes?.Any(s => !s.IsKnown) == true);
        var trips = asLists ? Trips.Count : Trips;
        IEnumerable<Value> scanned = trips == Trips.Length ? Scanned : Scanned.Select(x => x.UnstackList());
        IEnumerable<Value> first = asLists ? [Scanned[0].ShapeOf().StridedSlice(0..1).Squeeze(0)] : First is null ? [] : [First];
        var node = around.AddNode(new Loop(body, Initial.Count, Scanned.Count, stacked) { Trips = trips, Reverse = how.Reverse, Limit = how.Limit ?? 0 },
            [.. first, .. Initial, .. scanned, .. builder.Captures], how.Name);
        var outputs = node.Outputs.Skip(Initial.Count).Take(stacked.Length);
        return ([.. node.Outputs.Take(Initial.Count)], [.. asLists ? outputs.Select((o, i) => o.StackList(stacked[i].TensorType)) : outputs], Trips == Trips.While ? node.Outputs[^1] : null);
    }
}
