namespace Dunlin.Graphs.Ops;

/// <summary>
/// Turns a loop on one example into one on many: its body does all examples in each iteration, and what is the same for all stays so. If
/// examples differ in how often they go round, the loop goes on until none does; an example that is done keeps its states, and
/// another stands in for it in the body (<see cref="StandIns"/>).
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="node">Its node.</param>
internal sealed class LoopBatch(Loop loop, Node node)
{
    private readonly IReadOnlyList<Value> _parameters = loop.Body.Parameters;
    private readonly int _firstCapture = loop.States + loop.Scanned;

    /// <summary>Adds the loop.</summary>
    /// <param name="inputs">The inputs for all examples.</param>
    /// <param name="batching">How many there are.</param>
    /// <returns>The outputs for all examples; null if there is no other way than one by one.</returns>
    public IReadOnlyList<Batched>? Build(IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (parameters, first) = (inputs.Skip(loop.FirstState).ToList(), loop.FirstState);
        bool[] differs = [.. parameters.Select(p => p.IsBatched)];
        var differing = Spread(differs);
        var endsApart = (first == 1 && inputs[0].IsBatched) || (loop.Trips == Trips.While && (differing.Contains(loop.Body.Results[0])
            || Enumerable.Range(loop.States, loop.Scanned).Any(p => differs[p])));
        if (endsApart)
        {
            Array.Fill(differs, true, 0, loop.States);
            // Lists of tensors have no stand-ins, and are of different lengths once their examples end apart.
            if (_parameters.Where((p, i) => differs[i] && p.Type == DType.List).Any() || loop.Stacked.Any(s => s.Type == DType.List)) return null;
        }
        return endsApart ? Apart(inputs[0], parameters, differs, batching) : Together(first == 1 ? inputs[0].Value : null, parameters, differs, batching);
    }

    /// <summary>All examples go round equally often.</summary>
    private IReadOnlyList<Batched> Together(Value? control, List<Batched> parameters, bool[] differs, Batching batching)
    {
        Value[] states = [.. parameters.Take(loop.States).Select((s, i) => differs[i] ? batching.Everywhere(s) : s.Value)];
        Value[] scanned = [.. parameters.Skip(loop.States).Take(loop.Scanned).Select(Scanned)];
        var builder = new BodyBuilder(node.Graph, "batched", Bring);
        Body body;
        Batched[] stacked;
        using (builder.Graph.Build())
        {
            var results = Vectorize.ReplayEach(loop.Computed, _parameters, [.. Declare(builder, states, scanned, differs, batching), .. Captured(builder, parameters)], batching);
            stacked = [.. results.Skip(loop.Body.Results.Count).Select(s => s with { Value = builder.Graph.Import(s.Value) })];
            body = builder.Return(
            [
                .. results.Take(loop.FirstResult).Select(r => r.Value),
                .. Enumerable.Range(0, loop.States).Select(s => results[loop.FirstResult + s] is var next && differs[s] ? batching.Everywhere(next) : next.Value),
            ]);
        }
        var added = node.Graph.AddNode(loop with { Body = body, Stacked = [.. stacked.Select(s => s.Value)] }, [.. control is null ? [] : new[] { control }, .. states, .. scanned, .. builder.Captures], "batched");
        return
        [
            .. added.Outputs.Take(loop.States).Select((o, s) => new Batched(o, differs[s])),
            .. stacked.Select((s, k) => added.Outputs[loop.States + k] is var o && !s.IsBatched ? new Batched(o, false)
                : new(loop.Trips == Trips.Length ? Batching.First(o, 1) : node.Graph.Add(new UnbatchList(All: true), [o, batching.Sample]), true)),
            .. added.Outputs.Skip(loop.CountOutput).Select(o => new Batched(o, false)),
        ];
    }

    /// <summary>Each example ends when it will; states before its own: who goes on, and how often each went round.</summary>
    private IReadOnlyList<Batched> Apart(Batched control, List<Batched> parameters, bool[] differs, Batching batching)
    {
        var everywhere = batching.Everywhere(control);
        Value[] states = [.. parameters.Take(loop.States).Select(batching.Everywhere)];
        Value[] scanned = [.. parameters.Skip(loop.States).Take(loop.Scanned).Select(Scanned)];
        // Where an iteration begins, counted in the elements' order: a loop from the last to the first one begins with those that have most.
        var counts = loop.Trips == Trips.Count ? everywhere : null;
        var total = counts?.Max();
        var at = total is null ? node.Graph.Constant(0, DType.Int64) : loop.Reverse ? total - 1 : total.Number(0);
        var limits = loop.Trips == Trips.While ? Limits(parameters, batching) : null;
        var goes = counts is null ? everywhere : at < counts;
        if (limits is not null) goes &= at < limits;
        var rounds = everywhere.ZerosLike().Cast(DType.Int64);
        var builder = new BodyBuilder(node.Graph, "batched", Bring);
        Body body;
        Value[] stacked;
        using (builder.Graph.Build())
        {
            Value[] own = [.. new[] { at, goes, rounds }.Select((v, i) => builder.Parameter(v.TensorType, i == 0 ? "at" : i == 1 ? "goes on" : "rounds"))];
            var standIns = new StandIns(own[1]);
            Batched[] arguments = Declare(builder, states, scanned, differs, batching), given = [.. arguments.Concat(Captured(builder, parameters)).Select(standIns.For)];
            var results = Vectorize.Replay(loop.Computed, _parameters, given, batching);
            stacked = [.. results.Skip(loop.Body.Results.Count).Select(builder.Graph.Import)];
            var (next, more) = (own[0] + (loop.Reverse ? -1 : 1), own[1]);
            if (loop.FirstResult == 1) more &= results[0];
            else more = (next < builder.Graph.Import(counts!)) & (next >= next.Number(0));
            if (limits is not null) more &= next < limits;
            IEnumerable<Value> all =
            [
                next, more, own[2] + own[1].Cast(DType.Int64),
                .. Enumerable.Range(0, loop.States).Select(s => standIns.Choose(results[loop.FirstResult + s], arguments[s].Value)),
            ];
            body = builder.Return(loop.Trips == Trips.While ? all.Prepend(more.Any()) : all);
        }
        var batched = loop with { Body = body, States = loop.States + 3, Stacked = stacked };
        var added = node.Graph.AddNode(batched, [total ?? goes.Any(), at, goes, rounds, .. states, .. scanned, .. builder.Captures], "batched");
        var count = counts is null ? added.Outputs[2] : counts.Maximum(counts.Number(0));
        return
        [
            .. added.Outputs.Skip(3).Take(loop.States).Select(o => new Batched(o, true)),
            .. stacked.Select((_, k) => new Batched(node.Graph.Add(new UnbatchList(), [added.Outputs[batched.States + k], count]), true)),
            .. added.Outputs.Skip(batched.CountOutput).Select(_ => new Batched(count, true)),
        ];
    }

    /// <summary>How many elements each example has to go through; null where nothing is scanned.</summary>
    private Value? Limits(List<Batched> parameters, Batching batching)
    {
        Value? limits = null;
        foreach (var list in parameters.Skip(loop.States).Take(loop.Scanned))
        {
            var count = list.IsBatched && list.Value.Node.Operation is not UnbatchList { All: true }
                ? node.Graph.AddNode(new BatchLists(), [list.Value]).Outputs[1]
                : batching.Everywhere(new Batched(node.Graph.Add(new CountList(), [list.IsBatched ? list.Value.Node.Inputs[0] : list.Value]), false));
            limits = limits is null ? count : limits.Minimum(count);
        }
        return limits;
    }

    /// <summary>Parameters of the new body for the states and elements.</summary>
    private Batched[] Declare(BodyBuilder builder, Value[] states, Value[] scanned, bool[] differs, Batching batching) =>
    [
        .. states.Select((s, i) => new Batched(builder.Parameter(Widened(s, i, differs[i]), _parameters[i].Name), differs[i])),
        .. Enumerable.Range(loop.States, loop.Scanned).Select(p => new Batched(builder.Parameter(Element(p, scanned, differs[p], batching), _parameters[p].Name), differs[p])),
    ];

    private Batched[] Captured(BodyBuilder builder, List<Batched> parameters) => [.. parameters.Skip(_firstCapture).Select(c => c with { Value = builder.Graph.Import(c.Value) })];

    /// <summary>A state's type, in which lengths that change are not known.</summary>
    private TensorType Widened(Value state, int index, bool differs)
    {
        var (declared, shape) = (_parameters[index].Shape, state.Shape);
        for (var d = 0; d < declared.Rank; d++)
            if (declared[d] == Shape.Unknown) shape = shape.With(differs ? d + 1 : d, Shape.Unknown);
        return state.TensorType with { Shape = shape };
    }

    private TensorType Element(int parameter, Value[] scanned, bool differs, Batching batching)
    {
        if (loop.Trips == Trips.Length && scanned[parameter - loop.States] is var x) return x.TensorType with { Shape = x.Shape[1..] };
        var type = _parameters[parameter].TensorType;
        return differs ? type with { Shape = Shape.Of(batching.Length).Append(type.Shape.Dimensions) } : type;
    }

    /// <summary>A scanned input in which the examples stand behind the iterations.</summary>
    private Value Scanned(Batched x) => !x.IsBatched ? x.Value : loop.Trips == Trips.Length ? Batching.First(x.Value, 1) : x.Value.BatchLists();

    /// <summary>What differs between examples in some iteration; the states among it are marked.</summary>
    private HashSet<Value> Spread(bool[] differs)
    {
        while (true)
        {
            var found = Vectorize.Differing(loop.Computed, _parameters, _parameters.Where((_, p) => differs[p]));
            var more = Enumerable.Range(0, loop.States).Where(s => !differs[s] && found.Contains(loop.Body.Results[loop.FirstResult + s])).ToList();
            if (more.Count == 0) return found;
            foreach (var state in more) differs[state] = true;
        }
    }

    /// <summary>What does not depend on the body's parameters is computed again.</summary>
    private Value? Bring(BodyBuilder builder, Value value) => value.Graph == loop.Body.Graph
        ? builder.Graph.AddHere(value.Node.Operation, value.Node.Inputs).Outputs[value.Output]
        : null;
}
