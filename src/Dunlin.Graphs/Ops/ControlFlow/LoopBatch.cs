namespace Dunlin.Graphs.Ops;

/// <summary>Turns a loop of fixed length on one example into one on many: its body does all examples in each iteration.</summary>
/// <param name="loop">The loop.</param>
/// <param name="node">Its node.</param>
internal sealed class LoopBatch(Loop loop, Node node)
{
    /// <summary>Adds the loop.</summary>
    /// <param name="inputs">The inputs for all examples.</param>
    /// <param name="batching">How many there are.</param>
    /// <returns>The outputs with a first dimension for the examples.</returns>
    public IReadOnlyList<Value> Build(IReadOnlyList<Batched> inputs, Batching batching)
    {
        var builder = new BodyBuilder(node.Graph, "batched", Bring);
        var parameters = loop.Body.Parameters;
        var firstCapture = loop.States + loop.Scanned;
        Value[] states = batching.Everywhere([.. inputs.Take(loop.States)]);
        Value[] scanned = [.. inputs.Skip(loop.States).Take(loop.Scanned).Select(x => x.IsBatched ? Batching.First(x.Value, 1) : x.Value)];
        Body body;
        Value[] stacked;
        using (builder.Graph.Build())
        {
            Batched[] arguments =
            [
                .. states.Select((s, i) => new Batched(builder.Parameter(s.TensorType, parameters[i].Name), true)),
                .. scanned.Select((x, i) => new Batched(builder.Parameter(new(x.Type, x.Shape[1..]), parameters[loop.States + i].Name), inputs[loop.States + i].IsBatched)),
                .. inputs.Skip(firstCapture).Select(c => c with { Value = builder.Graph.Import(c.Value) }),
            ];
            var inside = new Batching(arguments.First(a => a.IsBatched).Value);
            var results = Vectorize.Replay(loop.Computed, parameters, arguments, inside);
            stacked = [.. results.Skip(loop.States).Select(builder.Graph.Import)];
            body = builder.Return(results.Take(loop.States));
        }
        var batched = loop with { Body = body, Stacked = stacked };
        var outputs = node.Graph.AddNode(batched, [.. states, .. scanned, .. builder.Captures], "batched").Outputs;
        return [.. outputs.Take(loop.States), .. outputs.Skip(loop.States).Select(o => Batching.First(o, 1))];
    }

    /// <summary>What does not depend on the body's parameters is computed again.</summary>
    private Value? Bring(BodyBuilder builder, Value value) => value.Graph == loop.Body.Graph
        ? builder.Graph.AddHere(value.Node.Operation, value.Node.Inputs).Outputs[value.Output]
        : null;
}
