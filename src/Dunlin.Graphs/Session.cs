using System.Collections.Concurrent;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs;

/// <summary>How a session runs.</summary>
public sealed record SessionOptions
{
    /// <summary>Where heavy kernels come from.</summary>
    /// <value>The fastest set present unless set.</value>
    public IKernelSet Kernels { get; init; } = KernelSets.Default;

    /// <summary>Threads that the kernels of one run may use.</summary>
    /// <value>At least 1; the processors of this machine unless set.</value>
    public int Threads { get; init => field = Require.AtLeast(nameof(SessionOptions), value, 1); } = Environment.ProcessorCount;

    /// <summary>The seed of all variables' first elements.</summary>
    public ulong Seed { get; init; }

    /// <summary>The communicator along each named axis of the mesh, for collective operations.</summary>
    public Func<string, ICommunicator>? Communicators { get; init; }

    /// <summary>Gives memory for what collectives read and write, where other ranks reach it; null where any memory will do.</summary>
    public Func<long, NativeBuffer>? RentExchanged { get; init; }

    /// <summary>Where <see cref="Ops.Print"/> writes its lines, one at a time.</summary>
    /// <value>The console's error stream unless set.</value>
    public TextWriter Output { get; init; } = Console.Error;

    /// <summary>
    /// The element type in which products of Float32 tensors, and what lies between them, are computed: with BFloat16 a step of a large network takes about half the time and memory
    /// on processors that multiply such numbers. Variables, sums, losses and updates stay Float32, and so does what is fed and fetched.
    /// </summary>
    /// <value>Float32 or BFloat16; Float32 unless set.</value>
    public DType Precision { get; init => field = Precisions.Checked(nameof(SessionOptions), value); } = DType.Float32;

    /// <summary>Keeps large variables in files that are mapped into memory, so that there may be more of them than RAM; null to keep all in memory.</summary>
    public LargeVariables? LargeVariables { get; init; }

    /// <summary>
    /// Names of rewriting passes to leave out: simplify, fold-constants, merge-common, merge-loops, rectify-pooled, trim-operands, fuse-epilogues, fuse-bias-gradients, mixed-precision,
    /// fuse-elementwise, fuse-updates.
    /// </summary>
    public IReadOnlySet<string> DisabledPasses { get; init; } = new HashSet<string>();
}

/// <summary>Holds a graph's variables and runs parts of the graph. Thread-safe: steps may run at the same time over the same variables.</summary>
public sealed class Session : IDisposable
{
    private readonly ConcurrentDictionary<Variable, Lazy<Tensor>> _variables = new();
    private readonly ConcurrentBag<ThreadTeam> _spareTeams = [];
    private readonly ConcurrentBag<Step> _steps = [];
    private readonly ConcurrentDictionary<object, Step> _bodies = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<Resource, Lazy<IDisposable>> _resources = new(ReferenceEqualityComparer.Instance);
    private ThreadTeam? _team;

    /// <summary>Creates a session without running anything.</summary>
    public Session(Graph graph, SessionOptions? options = null)
    {
        Graph = graph;
        Options = options ?? new();
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>How it runs.</summary>
    public SessionOptions Options { get; }

    internal IKernelSet Kernels => Options.Kernels;

    /// <summary>A variable's elements as they are: the session's own memory, not a copy.</summary>
    public Tensor Storage(Variable variable) =>
        _variables.GetOrAdd(variable, static (v, session) => new Lazy<Tensor>(() => session.Initialize(v)), this).Value;

    /// <summary>Gives a variable new elements.</summary>
    /// <exception cref="ShapeException">Type or shape are not the variable's.</exception>
    public void Set(Variable variable, Tensor elements)
    {
        if (elements.TensorType != variable.TensorType) throw new ShapeException($"The variable {variable.Name} takes {variable.TensorType}, not {elements}.");
        elements.CopyTo(Storage(variable));
    }

    /// <summary>Gives a variable new elements, which are written where they lie. Of one that was not used before, the elements that it would have had at first are not made.</summary>
    /// <param name="variable">The variable.</param>
    /// <param name="write">Writes all of them.</param>
    public void Set(Variable variable, Action<Tensor> write)
    {
        var made = new Lazy<Tensor>(() =>
        {
            var room = RoomFor(variable);
            write(room);
            return room;
        });
        var held = _variables.GetOrAdd(variable, made);
        var elements = held.Value;
        if (!ReferenceEquals(held, made)) write(elements);
    }

    /// <summary>Prepares a step that can be run many times.</summary>
    /// <param name="feeds">What each run is given: placeholders or any other values, in this order.</param>
    /// <param name="fetches">What each run returns.</param>
    /// <param name="targets">What else is to happen: assignments, say.</param>
    public Step Compile(IReadOnlyList<Value> feeds, IReadOnlyList<Value> fetches, IReadOnlyList<Value>? targets = null)
    {
        var step = new Step(Request(feeds, fetches, targets ?? [], Options.DisabledPasses));
        _steps.Add(step);
        return step;
    }

    /// <summary>
    /// Prepares a step in which every operation of the graph is a kernel of its own, in the session's precision, for observers that look for the cause of something.
    /// </summary>
    /// <inheritdoc cref="Compile"/>
    public Step CompileUnfused(IReadOnlyList<Value> feeds, IReadOnlyList<Value> fetches, IReadOnlyList<Value>? targets = null) =>
        new(Request(feeds, fetches, targets ?? [], Passes.PlanPasses.All.Where(p => p is not Passes.MixedPrecision).Select(p => p.Name).ToHashSet()));

    /// <summary>Computes some values once.</summary>
    public IReadOnlyList<Tensor> Run(IReadOnlyList<Value> fetches, params IReadOnlyList<(Value Value, Tensor Tensor)> feeds)
    {
        using var step = new Step(Request([.. feeds.Select(f => f.Value)], fetches, [], Options.DisabledPasses));
        return step.Run([.. feeds.Select(f => f.Tensor)]);
    }

    /// <summary>Computes one value once.</summary>
    public Tensor Run(Value fetch, params IReadOnlyList<(Value Value, Tensor Tensor)> feeds) => Run([fetch], feeds)[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var resource in _resources.Values) resource.Value.Dispose();
        foreach (var step in _steps) step.Dispose();
        _team?.Dispose();
        foreach (var team in _spareTeams) team.Dispose();
    }

    internal ICommunicator Communicator(string axis) => Options.Communicators is { } find
        ? find(axis)
        : throw new DunlinException($"The graph has a collective along the mesh axis '{axis}', but the session was given no communicators.");

    /// <summary>The state of a resource, made at its first use.</summary>
    internal object StateOf(Resource resource) => _resources.GetOrAdd(resource, static r => new Lazy<IDisposable>(r.CreateState)).Value;

    /// <summary>The step that runs the body of a control-flow operation whose shapes depend on elements.</summary>
    internal Step StepOf(object owner, Func<StepRequest> request) => _bodies.GetOrAdd(owner, _ =>
    {
        var step = new Step(request());
        _steps.Add(step);
        return step;
    });

    internal ThreadTeam RentTeam() =>
        Interlocked.Exchange(ref _team, null) ?? (_spareTeams.TryTake(out var team) ? team : Kernels.CreateTeam(Options.Threads));

    internal void ReturnTeam(ThreadTeam team)
    {
        if (Interlocked.CompareExchange(ref _team, team, null) is not null) _spareTeams.Add(team);
    }

    private StepRequest Request(IReadOnlyList<Value> feeds, IReadOnlyList<Value> fetches, IReadOnlyList<Value> targets, IReadOnlySet<string> disabledPasses) =>
        feeds.Concat(fetches).FirstOrDefault(v => v.Type == DType.List) is { } list
            ? throw new ShapeException($"{list.Name} is a list of tensors, which lives within one step: it can't be fed or fetched. Stack it and fetch that.")
            : new(this, feeds, fetches, targets, disabledPasses);

    private Tensor Initialize(Variable variable)
    {
        var tensor = RoomFor(variable);
        if (variable.Initializer is SameAs same) same.Copy(Storage(same.Variable), tensor);
        else variable.Initializer.Fill(tensor, Options.Seed, Streams.Of(variable.Name));
        return tensor;
    }

    private Tensor RoomFor(Variable variable)
    {
        if (variable.IsAssembled) throw new DunlinException($"The session does not hold {variable.Name}: each rank has a piece of it. Run its Value to have its elements.");
        var (type, shape) = variable.TensorType;
        return Options.LargeVariables is { } large && variable.TensorType.Bytes >= large.FromBytes ? large.Map(variable) : Tensor.Uninitialized(type, shape);
    }
}
