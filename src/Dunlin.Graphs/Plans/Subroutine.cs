using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// A body lowered to kernels, for the operation that runs it. Its first parameters may be states: memory of the subroutine's own, in which
/// a run replaces the old elements by the next ones, in place where that is safe.
/// </summary>
internal sealed unsafe class Subroutine : IDisposable
{
    private readonly Tensor[] _states;
    private readonly Routine _routine;
    private readonly object[] _alive;

    /// <summary>Lowers a body.</summary>
    /// <param name="body">Parameters: states, then what is bound before each run.</param>
    /// <param name="types">A type for each parameter.</param>
    /// <param name="next">The values that the states become.</param>
    /// <param name="fetches">The values that the caller reads after a run.</param>
    /// <param name="context">Of the operation that runs it.</param>
    /// <param name="changing">How many of the parameters that are no states change from run to run; the others last. Null where nothing is run twice.</param>
    public Subroutine(Body body, IReadOnlyList<TensorType> types, IReadOnlyList<Value> next, IReadOnlyList<Value> fetches, PrepareContext context, int? changing = null)
    {
        var values = new Dictionary<Value, PlanValue>();
        var variables = new Dictionary<Variable, Tensor>();
        for (var i = 0; i < body.Parameters.Count; i++)
        {
            var variable = i < next.Count ? new Variable(body.Parameters[i].Name, types[i]) : null;
            if (variable is not null) variables[variable] = Tensor.Zeros(types[i].Type, types[i].Shape);
            values[body.Parameters[i]] = new(types[i], body.Parameters[i].Name) { Variable = variable, Feed = i - next.Count };
        }
        var graph = PlanBuilder.Build(values, [.. fetches, .. next], body.Effects);
        var order = body.Graph.Nodes.Count;
        for (var s = 0; s < next.Count; s++)
        {
            var (state, result) = (values[body.Parameters[s]].Variable!, graph.Fetches[fetches.Count + s]);
            if (result.Variable != state) graph.Nodes.Add(new(new Assign(state), state.Name, [result], [state.TensorType], order++));
        }
        graph.Fetches.RemoveRange(fetches.Count, next.Count);
        Passes.PlanPasses.Run(graph, context.Resources);
        var schedule = Schedule.Of(graph);
        var lowering = Lowering.Of(graph, schedule, context.Kernels, context.Threads, context.Resources, v => variables[v], changing is { } count ? feed => feed >= count : null);
        FetchTypes = [.. graph.Fetches.Select(f => f.Type)];
        _routine = new(lowering, body.Parameters.Count - next.Count);
        _states = [.. variables.Values];
        _alive = [graph, schedule];
    }

    /// <summary>Bytes of working memory that a run wants.</summary>
    public long ArenaBytes => _routine.ArenaBytes;

    /// <summary>The types of what the caller reads.</summary>
    public IReadOnlyList<TensorType> FetchTypes { get; }

    /// <summary>A state's memory.</summary>
    public Tensor State(int index) => _states[index];

    /// <summary>Says where the working memory is.</summary>
    public void BindArena(nint address) => _routine.BindArena(address);

    /// <summary>Says where the elements of a parameter are that is no state.</summary>
    /// <param name="index">Counted from the first that is no state.</param>
    /// <param name="address">The elements.</param>
    public void Bind(int index, nint address) => _routine.BindFeed(index, address);

    /// <summary>Is told of the body's kernels; null for full speed.</summary>
    public IStepObserver? Observer { get; set; }

    /// <summary>Runs the body once.</summary>
    public void Run(ThreadTeam threads) => _routine.Run(threads, Observer);

    /// <summary>Computes what depends on lasting parameters alone: after those are bound, and before the first run that reads it.</summary>
    public void RunOnce(ThreadTeam threads) => _routine.RunOnce(threads, Observer);

    /// <summary>Where a fetched value is after a run.</summary>
    public nint Fetched(int index) => _routine.Fetched(index);

    /// <inheritdoc/>
    public void Dispose()
    {
        _routine.Dispose();
        GC.KeepAlive(_alive);
    }
}
