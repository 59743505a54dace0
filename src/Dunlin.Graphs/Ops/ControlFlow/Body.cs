using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// A function of values, kept as a graph of its own: what a control-flow operation runs. Values of the graphs around it that it uses are
/// parameters as well, behind the declared ones.
/// </summary>
/// <param name="Graph">Holds its nodes.</param>
/// <param name="Parameters">What it is given.</param>
/// <param name="Results">What it returns.</param>
internal sealed record Body(Graph Graph, IReadOnlyList<Value> Parameters, IReadOnlyList<Value> Results)
{
    private ReadParameters? _reads;
    private bool? _changesShapes;

    /// <summary>The floating-point operations of one run; see <see cref="Operation.Flops"/>.</summary>
    public long Flops => Graph.Nodes.Sum(n => n.Flops);

    /// <summary>The nodes that run for their effect.</summary>
    public IEnumerable<Node> Effects => Graph.Nodes.Where(n => n.Operation is { IsStateful: true } and not Source);

    /// <summary>Whether shapes within it depend on elements, so that two runs on equal shapes may differ in them.</summary>
    public bool ChangesShapes => _changesShapes ??= new OpenLengths(this).Any((n, inputs) => n.Operation switch
    {
        DynamicOperation => true,
        ListOperation list => list.HasOpenShapes(n.Inputs.Count),
        Loop loop => loop.Body.ChangesShapes || Enumerable.Range(0, loop.States).Any(s => n.Inputs[loop.FirstState + s].Shape != loop.Body.Parameters[s].Shape),
        If branch => branch.Then.ChangesShapes || branch.Otherwise.ChangesShapes || branch.MayDiffer(inputs),
        _ => false,
    });

    /// <summary>Whether the results, or some other values, depend on a parameter's elements and not on its shape only.</summary>
    public bool ReadsElements(int parameter, IReadOnlyList<Value> others)
    {
        var known = _reads;
        if (known is null || !ReferenceEquals(known.Others, others))
        {
            var read = PlanBuilder.Needed(Parameters.ToHashSet(), [.. Results, .. others], Effects)
                .SelectMany(n => n.Inputs.Where((_, i) => n.Operation.ReadsElements(i))).Concat(Results).Concat(others).ToHashSet();
            _reads = known = new(others, [.. Parameters.Select(read.Contains)]);
        }
        return known.Parameters[parameter];
    }

    /// <summary>The types of all values that some results need, for parameters of the given types.</summary>
    /// <param name="parameters">A type for each parameter.</param>
    /// <param name="wanted">Values of the body.</param>
    /// <param name="isStrict">Whether lengths have to fit in both bodies of a branch.</param>
    public BodyTypes Infer(IReadOnlyList<TensorType> parameters, IEnumerable<Value> wanted, bool isStrict = false)
    {
        var types = new Dictionary<Value, TensorType>();
        for (var i = 0; i < Parameters.Count; i++) types[Parameters[i]] = parameters[i];
        Value[] values = [.. wanted];
        var mustEvaluate = false;
        foreach (var node in PlanBuilder.Needed(Parameters.ToHashSet(), values, Effects))
        {
            TensorType[] inputs = [.. node.Inputs.Select(i => types[i])];
            mustEvaluate |= node.Operation is IEvaluated evaluated && evaluated.MustEvaluate(inputs);
            var outputs = isStrict && node.Operation is If branches ? branches.InferStrictly(inputs) : PlanBuilder.Infer(node, inputs);
            for (var o = 0; o < outputs.Length; o++) types.TryAdd(node.Outputs[o], outputs[o]);
        }
        return new([.. values.Select(v => types[v])], mustEvaluate);
    }

    /// <summary>Adds the body's nodes to the graph being built, with other values for the parameters.</summary>
    /// <param name="arguments">One for each parameter.</param>
    /// <param name="others">Values that are wanted besides the results.</param>
    /// <returns>What stands for each value of the body.</returns>
    public Func<Value, Value> Replay(IReadOnlyList<Value> arguments, params IReadOnlyList<Value> others)
    {
        var map = new Dictionary<Value, Value>();
        for (var i = 0; i < Parameters.Count; i++) map[Parameters[i]] = arguments[i];
        foreach (var node in PlanBuilder.Needed(Parameters.ToHashSet(), [.. Results, .. others], []))
        {
            if (node.Operation.PassesThrough)
            {
                map[node.Outputs[0]] = map[node.Inputs[0]];
                continue;
            }
            if (node.Operation is { IsStateful: true } and not Source)
                throw new DunlinException($"{node.Name} has an effect, so it can't be computed a second time, which differentiating {Graph.Label} does; move it out of there.");
            var copy = Graph.AddNode(node.Operation, [.. node.Inputs.Select(i => map[i])]);
            for (var o = 0; o < node.Outputs.Count; o++) map.TryAdd(node.Outputs[o], copy.Outputs[o]);
        }
        return value => map[value];
    }

    /// <summary>Bodies are equal if they are the same values of the same graph.</summary>
    public bool Equals(Body? other) => other is not null && Graph == other.Graph && Parameters.SequenceEqual(other.Parameters) && Results.SequenceEqual(other.Results);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(Graph);

    private sealed record ReadParameters(IReadOnlyList<Value> Others, bool[] Parameters);
}

/// <summary>Types within a body.</summary>
/// <param name="Wanted">Of the values that were asked for.</param>
/// <param name="MustEvaluate">Whether some operation's shapes depend on elements.</param>
internal sealed record BodyTypes(IReadOnlyList<TensorType> Wanted, bool MustEvaluate);

/// <summary>Builds a body: while it is being built, new nodes go there, and values of the graphs around it are captured.</summary>
internal sealed class BodyBuilder : IGraphImports
{
    private readonly Dictionary<Value, Value> _known = [];
    private readonly List<Value> _parameters = [];
    private readonly Func<BodyBuilder, Value, Value?>? _bring;

    /// <summary>Creates an empty body within the graph that is being built.</summary>
    /// <param name="around">Any graph of the program.</param>
    /// <param name="name">For the names of its nodes.</param>
    /// <param name="bring">Makes something of values that are not of the graphs around it; null for what it can't.</param>
    public BodyBuilder(Graph around, string name, Func<BodyBuilder, Value, Value?>? bring = null)
    {
        Graph = new Graph(around.Current, around.CurrentScope + name + "/", this);
        _bring = bring;
    }

    public Graph Graph { get; }

    /// <summary>The values around the body that it uses, in the order of its last parameters.</summary>
    public List<Value> Captures { get; } = [];

    /// <summary>Declares a parameter; only before anything is captured.</summary>
    public Value Parameter(TensorType type, string name)
    {
        var parameter = Graph.AddHere(new Placeholder(type), [], name).Outputs[0];
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Throws if the body assigns a variable.</summary>
    public void RefuseAssignments()
    {
        if (Graph.Nodes.FirstOrDefault(n => n.Operation.Writes is not null) is { } node)
            throw new DunlinException($"{node.Name}: a variable can't be assigned within {Graph.Label}; return the new elements and assign them outside.");
    }

    /// <summary>Ends the body.</summary>
    public Body Return(IEnumerable<Value> results)
    {
        Value[] inside = [.. results.Select(Graph.Import)];
        return new(Graph, [.. _parameters, .. Captures.Select(c => _known[c])], inside);
    }

    /// <inheritdoc/>
    public Value? Import(Value value)
    {
        if (_known.TryGetValue(value, out var known)) return known;
        if (_bring?.Invoke(this, value) is { } brought) return _known[value] = brought;
        var outer = Graph.Outer!.Import(value);
        if (_known.TryGetValue(outer, out known)) return _known[value] = known;
        if (outer.Node.Operation is Constant) return _known[value] = Graph.AddHere(outer.Node.Operation, [], outer.Node.Name).Outputs[0];
        Captures.Add(outer);
        return _known[value] = _known[outer] = Graph.AddHere(new Placeholder(outer.TensorType), [], outer.Name).Outputs[0];
    }
}
