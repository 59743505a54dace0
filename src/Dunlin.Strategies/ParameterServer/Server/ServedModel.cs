using System.Collections;
using System.Globalization;
using System.Reflection;
using Dunlin.Graphs;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>What servers know of the model that their workers learn.</summary>
internal sealed class ServedModel
{
    /// <summary>Where schedules are compared.</summary>
    private static readonly double[] Steps = [0, 1, 10, 100, 1_000, 10_000, 100_000];

    private readonly RemoteModel _model;
    private readonly ParameterServerOptions _options;
    private readonly int _workers;

    public ServedModel(RemoteModel model, ParameterServerOptions options, int workers)
    {
        (_model, _options, _workers) = (model, options, workers);
        Variables = ServedVariable.Of(model);
        Sparse = options.Protocol is ServerProtocol.ElasticAveraging ? new HashSet<int>() : ServedVariable.SparseOf(model);
    }

    public IReadOnlyList<ServedVariable> Variables { get; }

    /// <summary>The numbers of those of which rows travel.</summary>
    public IReadOnlySet<int> Sparse { get; }

    /// <summary>The numbers of those that a worker has no copy of: it is given rows of them, when it asks.</summary>
    public IReadOnlySet<int> Tables => _model.Tables;

    /// <summary>The numbers of those that are weights of classes, with which the servers compute scores: workers have no copy of them either.</summary>
    public IReadOnlySet<int> Classes => _model.Classes;

    /// <summary>What lies where.</summary>
    public ServerPlacement Placement => ServerPlacement.Over(Variables, _options.ServerCount);

    /// <summary>A line for each variable, each link of the optimiser and what else all processes of a run have in common.</summary>
    public string Description => string.Join('\n',
    [
        .. Variables.Select((v, i) => $"variable {v.Name} {v.Type}{(Sparse.Contains(i) ? " by rows" : "")}{(v.IsSpread ? ", whose scores servers compute" : v.Stays ? ", of which rows are read" : "")}"),
        .. _model.Optimizer.Links.Select(l => $"optimizer link {Describe(l)}"),
        $"protocol {Describe(_options.Protocol)}",
        $"number of workers {_workers}",
        $"option LooksAhead {_options.LooksAhead}",
    ]);

    /// <summary>Builds a server for its part of the model, without weights yet. All workers have joined: a step of all waits for those who have not come.</summary>
    public ServerNode Build(int number)
    {
        var slices = Placement.Of(number);
        var options = new SessionOptions { Kernels = _model.Session.Options.Kernels, Threads = _options.ServerThreads, Seed = _model.Session.Options.Seed };
        var node = new ServerNode(new ServerShard(Variables, slices, ServedVariable.SparseOf(_model), _model.Optimizer, options)
        {
            // A search has its own weights looked at, and none else.
            LooksAhead = _options.LooksAhead && _options.Protocol is not ServerProtocol.Sandblaster,
            Compensation = (_options.Protocol as ServerProtocol.Asynchronous)?.Compensation,
        }, _options.Protocol.Create(_workers));
        for (var worker = 0; worker < _workers; worker++) node.Join(worker);
        return node;
    }

    /// <summary>What is given as the gradients of some slices.</summary>
    public IReadOnlyList<GradientForm> FormsOf(IReadOnlyList<Slice> slices) =>
        [.. slices.Select(s => Classes.Contains(s.Variable) ? GradientForm.Computed : Sparse.Contains(s.Variable) ? GradientForm.Rows : GradientForm.Dense)];

    /// <summary>Builds a server with the worker's weights and state.</summary>
    public ServerNode Begin(int number, RunPosition position)
    {
        var node = Build(number);
        node.Initialize([.. node.Shard.Slices.Select(s => Rows.Of(_model.Session.Storage(_model.Learned[s.Variable].Variable), s))]);
        foreach (var (name, slice, elements) in node.Shard.State)
            if (_model.Session.Graph.FindVariable(name) is { } room) Rows.CopyIn(_model.Session.Storage(room), slice, elements);
        node.Shard.Version = position.Step * _options.Protocol.Create(_workers).UpdatesOf(_workers);
        return node;
    }

    /// <summary>What a worker has that a server has not, if there is something.</summary>
    /// <param name="theirs">The worker's <see cref="Description"/>.</param>
    /// <param name="own">The server's.</param>
    public static string? Difference(string theirs, string own)
    {
        var (a, b) = (theirs.Split('\n'), own.Split('\n'));
        for (var i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            var (their, ours) = (a.ElementAtOrDefault(i), b.ElementAtOrDefault(i));
            if (their != ours) return $"it has {(their is null ? "nothing" : $"the {Short(their)}")} where the server has {(ours is null ? "nothing" : $"the {Short(ours)}")}: all processes of a run build the same model with the same optimiser.";
        }
        return null;
    }

    private static string Short(string line) => line.Length <= 300 ? line : line[..300] + "…";

    /// <summary>Values of an object's properties; of functions nothing can be said, but of schedules what they are at some steps.</summary>
    private static string Describe(object? value) => value switch
    {
        null => "none",
        Schedule schedule => string.Join(" ", Steps.Select(s => schedule.At(s).ToString("R", CultureInfo.InvariantCulture))),
        string text => text,
        Enum or bool => $"{value}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable many => $"[{string.Join(", ", many.Cast<object?>().Select(Describe))}]",
        GradientTransform or Optimizer or ServerProtocol or StalenessRule or DelayCompensation or LbfgsOptions => $"{value.GetType().Name}({string.Join(", ",
            value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0).OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"{p.Name} = {Describe(p.GetValue(value))}"))})",
        _ => value.GetType().Name,
    };
}
