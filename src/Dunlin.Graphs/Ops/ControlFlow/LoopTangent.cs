namespace Dunlin.Graphs.Ops;

/// <summary>
/// Differentiates a loop forwards: a loop that carries the states and how fast they change, and so keeps nothing of an iteration.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="node">Its node.</param>
internal sealed class LoopTangent(Loop loop, Node node)
{
    /// <summary>Adds the loop.</summary>
    /// <param name="tangents">The inputs' tangents, null where there are none.</param>
    /// <returns>The outputs' tangents.</returns>
    public IReadOnlyList<Value?> Build(IReadOnlyList<Value?> tangents)
    {
        var (parameters, first) = (loop.Body.Parameters, loop.FirstState);
        int[] states = [.. Enumerable.Range(0, loop.States).Where(p => IsSmooth(parameters[p]))];
        int[] elements = [.. Enumerable.Range(loop.States, loop.Scanned).Where(p => tangents[first + p] is not null)];
        int[] captured = [.. Enumerable.Range(loop.States + loop.Scanned, parameters.Count - loop.States - loop.Scanned).Where(p => tangents[first + p] is not null)];
        var builder = new BodyBuilder(node.Graph, "forward");
        Body body;
        Value[] stacked;
        using (builder.Graph.Build())
        {
            Value[] s = [.. Enumerable.Range(0, loop.States).Select(Parameter)];
            Value[] ds = [.. states.Select(Parameter)];
            Value[] x = [.. Enumerable.Range(loop.States, loop.Scanned).Select(Parameter)];
            Value[] dx = [.. elements.Select(Parameter)];
            Value[] arguments = [.. s, .. x, .. node.Inputs.Skip(first + loop.States + loop.Scanned).Select(builder.Graph.Import)];
            var map = loop.Body.Replay(arguments, loop.Stacked);
            Value[] next = [.. loop.Body.Results.Select(map)];
            Value[] kept = [.. loop.Stacked.Select(map)];
            Value[] ys = [.. states.Select(p => next[loop.FirstResult + p]), .. kept];
            int[] moving = [.. states, .. elements, .. captured];
            Value[] dxs = [.. ds, .. dx, .. captured.Select(p => builder.Graph.Import(tangents[first + p]!))];
            var moved = Gradients.Forward(ys, [.. moving.Select(p => arguments[p])], dxs);
            stacked = [.. kept.Select((k, i) => builder.Graph.Import(moved[states.Length + i] ?? k.ZerosLike()))];
            body = builder.Return([.. next, .. states.Select((_, i) => moved[i] ?? ds[i].ZerosLike())]);
        }
        Value Parameter(int p) => builder.Parameter(parameters[p].TensorType, parameters[p].Name);
        var twin = loop with { Body = body, States = loop.States + states.Length, Scanned = loop.Scanned + elements.Length, Stacked = stacked };
        var loopNode = node.Graph.AddNode(twin,
        [
            .. node.Inputs.Take(first + loop.States), .. states.Select(p => tangents[first + p] ?? node.Inputs[first + p].ZerosLike()),
            .. node.Inputs.Skip(first + loop.States).Take(loop.Scanned), .. elements.Select(p => tangents[first + p]!), .. builder.Captures,
        ], "forward");
        var answer = new Value?[node.Outputs.Count];
        for (var i = 0; i < states.Length; i++) answer[states[i]] = loopNode.Outputs[loop.States + i];
        for (var k = 0; k < stacked.Length; k++)
            if (IsSmooth(loop.Stacked[k])) answer[loop.States + k] = loopNode.Outputs[twin.States + k];
        return answer;
    }

    private static bool IsSmooth(Value value) => value.Type.IsFloat() || value.Type == DType.List;
}
