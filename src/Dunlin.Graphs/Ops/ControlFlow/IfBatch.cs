namespace Dunlin.Graphs.Ops;

/// <summary>
/// Turns a branch on one example into one on many. If the condition is the same for all it is a branch still; else each body runs if any example
/// takes it, on all examples, where those that do not take it are replaced by one that does (<see cref="StandIns"/>).
/// </summary>
/// <param name="branches">The branch.</param>
/// <param name="node">Its node.</param>
internal sealed class IfBatch(If branches, Node node)
{
    /// <summary>Adds what does all examples.</summary>
    /// <param name="inputs">The inputs for all examples.</param>
    /// <param name="batching">How many there are.</param>
    /// <returns>The outputs with a first dimension for the examples; null if there is no other way than one by one.</returns>
    public IReadOnlyList<Value>? Build(IReadOnlyList<Batched> inputs, Batching batching)
    {
        Batched[] then = [.. inputs.Skip(1).Take(branches.Then.Parameters.Count)], otherwise = [.. inputs.Skip(1 + then.Length)];
        if (!inputs[0].IsBatched) return Add(inputs[0].Value, b => Results(b, branches.Then, then, batching, null), b => Results(b, branches.Otherwise, otherwise, batching, null));
        if (!StandIns.Exist(inputs) || node.Outputs.Any(o => o.Type == DType.List || !o.Shape.IsKnown)) return null;
        var (holds, fails) = (inputs[0].Value, !inputs[0].Value);
        var (a, b) = (IfAny(holds, branches.Then, then, batching), IfAny(fails, branches.Otherwise, otherwise, batching));
        return [.. a.Zip(b, (x, y) => Operations.Select(Batching.Aligned(new(holds, true), x.Shape.Rank - 1), x, y))];
    }

    private IReadOnlyList<Value> IfAny(Value active, Body body, Batched[] arguments, Batching batching) => Add(active.Any(),
        b => Results(b, body, arguments, batching, active),
        _ => [.. node.Outputs.Select(o => batching.Everywhere(new Batched(Zeros(o), false)))]);

    private static Value Zeros(Value like) => like.Graph.Constant(Tensor.Zeros(like.Type, Shape.Scalar)).BroadcastTo(like.Shape);

    private IReadOnlyList<Value> Add(Value condition, Func<BodyBuilder, IReadOnlyList<Value>> then, Func<BodyBuilder, IReadOnlyList<Value>> otherwise)
    {
        var ((a, aCaptures), (b, bCaptures)) = (Make(branches.Then, then), Make(branches.Otherwise, otherwise));
        return node.Graph.AddNode(new If(a, b), [condition, .. aCaptures, .. bCaptures], "batched").Outputs;
    }

    private (Body Body, IReadOnlyList<Value> Captures) Make(Body of, Func<BodyBuilder, IReadOnlyList<Value>> results)
    {
        var builder = new BodyBuilder(node.Graph, "batched", Bring);
        using (builder.Graph.Build()) return (builder.Return(results(builder)), builder.Captures);
    }

    private static IReadOnlyList<Value> Results(BodyBuilder builder, Body body, Batched[] arguments, Batching batching, Value? active)
    {
        Batched[] inside = [.. arguments.Select(a => a with { Value = builder.Graph.Import(a.Value) })];
        if (active is not null)
        {
            var standIns = new StandIns(active);
            inside = [.. inside.Select(standIns.For)];
        }
        return Vectorize.Replay(body.Results, body.Parameters, inside, batching);
    }

    /// <summary>What does not depend on the bodies' parameters is computed again.</summary>
    private Value? Bring(BodyBuilder builder, Value value) => value.Graph == branches.Then.Graph || value.Graph == branches.Otherwise.Graph
        ? builder.Graph.AddHere(value.Node.Operation, value.Node.Inputs).Outputs[value.Output]
        : null;
}
