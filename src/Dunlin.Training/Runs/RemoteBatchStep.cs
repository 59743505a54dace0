using Dunlin.Graphs;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>The gradient of the mean loss over this worker's share, given away; the update is done elsewhere.</summary>
internal sealed class RemoteBatchStep : IBatchStep
{
    private readonly IRemoteUpdate _remote;
    private readonly Step _step;
    private readonly IReadOnlyList<(Variable Variable, Gradient Gradient)> _learned;

    // Those that are not computed where the update is done.
    private readonly int[] _given;
    private readonly DistantTables? _tables;
    private readonly Tensor[] _feeds;
    private readonly Tensor[] _totals;

    // Rows of an embedding are as many as a batch names: their memory is that of batches of one size.
    private readonly Dictionary<Shape, Outputs> _outputs = [];

    public RemoteBatchStep(TrainingGraph graph, IRemoteUpdate remote)
    {
        (_remote, _learned) = (remote, graph.GivenAway);
        _given = [.. Enumerable.Range(0, _learned.Count).Except(graph.Classes)];
        IReadOnlyList<Value> inputs = [.. graph.PassInputs, graph.StopRequest], results = [.. graph.Totals, .. _given.Select(i => _learned[i].Gradient.Values), .. _learned.Where(l => l.Gradient.IsSparse).Select(l => l.Gradient.Indices!)];
        if (remote.HasTables) _tables = DistantTables.Of(graph.Session, _learned, inputs, [.. results, .. graph.Updates]);
        _step = graph.Session.Compile([.. inputs, .. _tables?.Reads.Select(r => r.Rows) ?? []], results, graph.Updates);
        _feeds = new Tensor[inputs.Count + (_tables?.Reads.Count ?? 0)];
        for (var i = 2; i < inputs.Count; i++) _feeds[i] = Tensor.Zeros(DType.Float32, Shape.Scalar);
        _totals = [.. graph.Totals.Select(_ => Tensor.Zeros(DType.Float32, Shape.Scalar))];
    }

    public ReadOnlySpan<Tensor> Results => _totals;

    /// <summary>The tables that this worker has no copy of.</summary>
    public IReadOnlySet<int> Tables => _tables?.Tables ?? new HashSet<int>();

    public ReadOnlySpan<Tensor> Suspects => _feeds.AsSpan(0, 3);

    public Plan Largest => _step.PlanFor(_feeds);

    public void Run(Batch batch, bool stop, IStepObserver? observer)
    {
        (_feeds[0], _feeds[1]) = (batch.Tensors[0], batch.Tensors[1]);
        // The mean over this worker's own examples; without any, the step runs on one that does not count.
        _feeds[2].Span<float>()[0] = batch.Count > 0 ? 1 : 0;
        _feeds[3].Span<float>()[0] = stop ? 1 : 0;
        _tables?.Fetch(_remote, _feeds.AsSpan(0, 4), _feeds.AsSpan(4));
        if (!_outputs.TryGetValue(_feeds[0].Shape, out var outputs)) _outputs[_feeds[0].Shape] = outputs = new(_totals, _step.PlanFor(_feeds).FetchTypes, _learned, _given);
        _step.Run(_feeds, outputs.Results, observer);
        _remote.Step(outputs.Gradients, outputs.Rows, batch.Count);
    }

    /// <summary>Where results go, for batches of one size.</summary>
    private sealed class Outputs
    {
        public Outputs(Tensor[] totals, IReadOnlyList<TensorType> types, IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, ReadOnlySpan<int> given)
        {
            Results = [.. totals, .. types.Skip(totals.Length).Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
            // Those of others are not looked at.
            Gradients = new Tensor[learned.Count];
            var next = totals.Length;
            foreach (var i in given) Gradients[i] = Results[next++];
            Rows = [.. learned.Select(l => l.Gradient.IsSparse ? Results[next++] : null)];
        }

        public Tensor[] Results { get; }

        public Tensor[] Gradients { get; }

        public Tensor?[] Rows { get; }
    }
}
