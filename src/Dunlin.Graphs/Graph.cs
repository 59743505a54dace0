namespace Dunlin.Graphs;

/// <summary>
/// A program: nodes that compute values from values. It only grows; sessions run parts of it. Built by one thread at a time; running
/// it never changes it.
/// </summary>
public sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, Variable> _variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Stack<IReadOnlyList<Node>> _after = new();
    private readonly Graph _root;
    private readonly IGraphImports? _imports;
    private Graph _current;
    private string _scope = "";

    /// <summary>An empty graph.</summary>
    public Graph() => (_root, _current) = (this, this);

    /// <summary>The body of a control-flow operation, to be built in another graph: see <see cref="Ops.BodyBuilder"/>.</summary>
    internal Graph(Graph outer, string scope, IGraphImports imports)
    {
        (_root, _current, _imports, Outer) = (outer._root, this, imports, outer);
        (_scope, Label) = (scope, scope.TrimEnd('/'));
    }

    /// <summary>All nodes; a node's inputs stand before it.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>All variables, in the order of their creation.</summary>
    public IReadOnlyCollection<Variable> Variables => _root._variables.Values;

    /// <summary>What messages call a body.</summary>
    internal string Label { get; } = "";

    /// <summary>The graph that this one is a body within; null for most.</summary>
    internal Graph? Outer { get; }

    /// <summary>Where new nodes go: the innermost body being built, or else this graph.</summary>
    internal Graph Current => _root._current;

    /// <summary>The current scope, with a slash at its end if there is one.</summary>
    internal string CurrentScope => Current._scope;

    /// <summary>Makes this graph the one where new nodes go, until the result is disposed.</summary>
    internal IDisposable Build()
    {
        var outer = _root._current;
        _root._current = this;
        return new Restore(() => _root._current = outer);
    }

    /// <summary>Puts a prefix before the names of the nodes and variables made until the result is disposed.</summary>
    public IDisposable Scope(string name)
    {
        var (graph, outer) = (Current, Current._scope);
        graph._scope = graph.Unique(graph.Qualify(name)) + "/";
        return new Restore(() => graph._scope = outer);
    }

    /// <summary>
    /// Makes nodes that change state (assignments, say) run after the given ones, until the result is disposed. Nodes that only compute
    /// run whenever their operands are there.
    /// </summary>
    public IDisposable RunAfter(params IEnumerable<Value> values)
    {
        var graph = Current;
        graph._after.Push([.. values.Select(v => graph.Import(v).Node)]);
        return new Restore(() => graph._after.Pop());
    }

    /// <summary>Adds a node; while a control-flow operation's body is being built, to that body.</summary>
    /// <param name="operation">What it computes.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="name">Its name; the operation's unless given.</param>
    /// <exception cref="ShapeException">The inputs do not fit the operation.</exception>
    /// <exception cref="DunlinException">An input belongs to another graph.</exception>
    public Node AddNode(Operation operation, IReadOnlyList<Value> inputs, string? name = null) => Current.AddHere(operation, inputs, name);

    /// <summary>The value as seen from this graph: itself, or where it belongs to a graph around this one, what stands for it here.</summary>
    /// <exception cref="DunlinException">It belongs to another graph, or to a body that is not around this one.</exception>
    internal Value Import(Value value) => value.Graph == this ? value
        : _imports?.Import(value) ?? throw new DunlinException(value.Graph._root != _root
            ? $"{value} belongs to another graph."
            : $"{value} is computed inside the body {value.Graph.Label} and can't be used outside; let the body return it.");

    /// <summary>Adds a node to this graph itself, whatever is being built.</summary>
    internal Node AddHere(Operation operation, IReadOnlyList<Value> given, string? name = null)
    {
        var wanted = Qualify(name ?? operation.Name);
        var (inputs, outputs) = Fit(operation, given, wanted);
        var after = _after.Count == 0 || !operation.IsStateful ? [] : _after.SelectMany(n => n).Distinct().ToArray();
        var node = new Node(this, _nodes.Count, Unique(wanted), operation, inputs, after, outputs);
        _nodes.Add(node);
        return node;
    }

    /// <summary>The inputs as seen from here, and the types of what an operation makes of them. Errors name the operation, the node that it would have become, and the inputs.</summary>
    private (Value[] Inputs, TensorType[] Outputs) Fit(Operation operation, IReadOnlyList<Value> given, string name)
    {
        try
        {
            Value[] inputs = [.. given.Select((value, i) => Brought(operation, value, i))];
            if (!operation.TakesLists && inputs.FirstOrDefault(i => i.Type == DType.List) is { } list)
                throw new ShapeException($"{operation.Name} does not take lists of tensors such as {list}; stack the list first.");
            return (inputs, Node.Infer(operation, [.. inputs.Select(v => v.TensorType)]));
        }
        catch (DunlinException e)
        {
            e.At(name, Node.Describe(name, given));
            throw;
        }
    }

    private Value Brought(Operation operation, Value? value, int index)
    {
        if (value is null) throw new DunlinException($"{operation.Name}: its input {index} is null, and not a value.");
        try { return Import(value); }
        catch (DunlinException e) when (e.GetType() == typeof(DunlinException)) { throw new DunlinException($"{operation.Name}: its input {e.Message}", e); }
    }

    /// <summary>Adds a node of one output and returns that.</summary>
    /// <inheritdoc cref="AddNode"/>
    public Value Add(Operation operation, IReadOnlyList<Value> inputs, string? name = null) => AddNode(operation, inputs, name).Outputs[0];

    /// <summary>A value that is given anew at each run.</summary>
    public Value Placeholder(string name, DType type, Shape shape) => Add(new Ops.Placeholder(new TensorType(type, shape)), [], name);

    /// <summary>A value that never changes.</summary>
    public Value Constant(Tensor tensor, string? name = null) => Add(new Ops.Constant(tensor), [], name);

    /// <summary>A number of the given type.</summary>
    public Value Constant(double value, DType type = DType.Float32) => Constant(Scalars.Make(value, type));

    /// <summary>Makes a variable.</summary>
    /// <param name="name">Its name within the current scope.</param>
    /// <param name="type">The element type.</param>
    /// <param name="shape">The shape, fully known.</param>
    /// <param name="initializer">What it holds at first.</param>
    /// <param name="trainable">Whether optimisers change it.</param>
    /// <exception cref="DunlinException">The name is taken, or the shape is not fully known.</exception>
    public Variable Variable(string name, DType type, Shape shape, Initializer initializer, bool trainable = true) =>
        AddVariable(Current.Qualify(name), type, shape, initializer, trainable);

    /// <summary>Makes a variable by its full name, whatever the current scope.</summary>
    /// <param name="full">The full name, scopes joined by slashes.</param>
    /// <param name="type">The element type.</param>
    /// <param name="shape">The shape, fully known.</param>
    /// <param name="initializer">What it holds at first.</param>
    /// <param name="trainable">Whether optimisers change it.</param>
    /// <exception cref="DunlinException">The name is taken, or the shape is not fully known.</exception>
    public Variable AddVariable(string full, DType type, Shape shape, Initializer initializer, bool trainable = true) => AddVariable(full, new(type, shape), initializer, trainable, null);

    /// <summary>Makes a variable that is a rank's piece of a tensor, by its full name, which is the tensor's.</summary>
    /// <param name="full">The full name, scopes joined by slashes.</param>
    /// <param name="cut">How the tensor is cut.</param>
    /// <param name="initializer">What the piece holds at first.</param>
    /// <param name="trainable">Whether optimisers change it.</param>
    /// <exception cref="DunlinException">The name is taken.</exception>
    public Variable AddPiece(string full, Cut cut, Initializer initializer, bool trainable) => AddVariable(full, cut.Piece, initializer, trainable, cut);

    private Variable AddVariable(string full, TensorType wanted, Initializer initializer, bool trainable, Cut? cut)
    {
        if (_root != this) return _root.AddVariable(full, wanted, initializer, trainable, cut);
        var (type, shape) = wanted;
        if (type == DType.List) throw new ShapeException($"The variable {full} can't hold lists of tensors, which live within one step.");
        if (!shape.IsKnown) throw new ShapeException($"The variable {full} needs a fully known shape, not {shape}.");
        if (_variables.ContainsKey(full)) throw new DunlinException($"There is a variable {full} already; give this one another name or scope.");
        var outer = _scope;
        _scope = "";
        var variable = new Variable(this, full, wanted, initializer, trainable, cut);
        _scope = outer;
        return _variables[full] = variable;
    }

    /// <summary>The variable of the given full name, or null.</summary>
    public Variable? FindVariable(string name) => _root._variables.GetValueOrDefault(name);

    private string Qualify(string name) => _scope + name;

    private string Unique(string name)
    {
        if (_names.TryAdd(name, 1)) return name;
        string candidate;
        do candidate = $"{name}_{_names[name]++}"; while (!_names.TryAdd(candidate, 1));
        return candidate;
    }

    private sealed class Restore(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }
}

/// <summary>Brings values of the graphs around a body into it.</summary>
internal interface IGraphImports
{
    /// <summary>What stands in the body for a value of another graph; null if nothing can.</summary>
    Value? Import(Value value);
}
