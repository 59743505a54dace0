using Dunlin.Graphs;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>What one worker does with its share of a global batch, from the forward pass to the update.</summary>
internal interface IBatchStep
{
    /// <summary>The loss and the metrics over the whole batch, then the number of workers that were asked to stop: scalars, as the last step left them.</summary>
    ReadOnlySpan<Tensor> Results { get; }

    /// <summary>The pass in which to look for the cause of a loss that is not finite, as <see cref="TrainingGraph.PassInputs"/>.</summary>
    ReadOnlySpan<Tensor> Suspects { get; }

    /// <summary>The plan of the last step that takes most memory.</summary>
    Plan Largest { get; }

    /// <summary>Runs the step.</summary>
    /// <param name="batch">This worker's share.</param>
    /// <param name="stop">Whether this worker was asked to stop.</param>
    /// <param name="observer">Is told of each kernel; null for full speed.</param>
    void Run(Batch batch, bool stop, IStepObserver? observer);
}

/// <summary>The whole share at once.</summary>
internal sealed class WholeBatchStep : IBatchStep
{
    private readonly Step _step;
    private readonly Tensor[] _feeds = [null!, null!, Tensor.Zeros(DType.Float32, Shape.Scalar), Tensor.Zeros(DType.Float32, Shape.Scalar)];
    private readonly Tensor[] _results;

    public WholeBatchStep(TrainingGraph graph)
    {
        _step = graph.Session.Compile([.. graph.PassInputs, graph.StopRequest], graph.Totals, graph.Updates);
        _results = [.. graph.Totals.Select(_ => Tensor.Zeros(DType.Float32, Shape.Scalar))];
    }

    public ReadOnlySpan<Tensor> Results => _results;

    public ReadOnlySpan<Tensor> Suspects => _feeds.AsSpan(0, 3);

    public Plan Largest => _step.PlanFor(_feeds);

    public void Run(Batch batch, bool stop, IStepObserver? observer)
    {
        (_feeds[0], _feeds[1]) = (batch.Tensors[0], batch.Tensors[1]);
        _feeds[2].Span<float>()[0] = (float)batch.Weight;
        _feeds[3].Span<float>()[0] = stop ? 1 : 0;
        _step.Run(_feeds, _results, observer);
    }
}

/// <summary>
/// The share in micro-batches, one after the other: each adds its gradients to sums, and one exchange and update follow. All workers run as many passes, so that collectives within the forward pass
/// meet; a worker that has no examples left runs one with weight 0.
/// </summary>
internal sealed class AccumulatedBatchStep : IBatchStep
{
    private readonly Step _pass;
    private readonly Step _update;
    private readonly Batch _micro;
    private readonly int _rows;
    private readonly int _ranks;
    private readonly Tensor[] _feeds = [null!, null!, Tensor.Zeros(DType.Float32, Shape.Scalar), Tensor.Zeros(DType.Int64, Shape.Scalar)];
    private readonly Tensor[] _measured;
    private readonly double[] _sums;
    private readonly Tensor[] _updateFeeds;
    private readonly Tensor[] _results;
    private Tensor[] _suspects = [];

    /// <summary>Compiles both steps.</summary>
    /// <param name="graph">The graph, which sums gradients.</param>
    /// <param name="fields">Of the examples.</param>
    /// <param name="ranks">The number of workers.</param>
    public AccumulatedBatchStep(TrainingGraph graph, IReadOnlyList<Field> fields, int ranks)
    {
        (_rows, _ranks) = (graph.LargestPass, ranks);
        _micro = new Batch(fields, _rows);
        _pass = graph.Session.Compile(graph.PassInputs, graph.Measured, graph.PassUpdates);
        _update = graph.Session.Compile([.. graph.Measured, graph.StopRequest, graph.Weight], graph.Totals, graph.Updates);
        _measured = [.. graph.Measured.Select(_ => Tensor.Zeros(DType.Float32, Shape.Scalar))];
        _sums = new double[_measured.Length];
        _updateFeeds = [.. _measured.Select(_ => Tensor.Zeros(DType.Float32, Shape.Scalar)), Tensor.Zeros(DType.Float32, Shape.Scalar), Tensor.Zeros(DType.Float32, Shape.Scalar)];
        _results = [.. graph.Totals.Select(_ => Tensor.Zeros(DType.Float32, Shape.Scalar))];
    }

    public ReadOnlySpan<Tensor> Results => _results;

    public ReadOnlySpan<Tensor> Suspects => _suspects;

    public Plan Largest => _pass.PlanFor(_feeds) is var pass && _update.PlanFor(_updateFeeds) is var update && pass.ArenaBytes >= update.ArenaBytes ? pass : update;

    public void Run(Batch batch, bool stop, IStepObserver? observer)
    {
        _sums.AsSpan().Clear();
        var largestShare = (batch.GlobalCount + _ranks - 1) / _ranks;
        for (var (part, begin) = (0, 0); begin < largestShare; part++, begin += _rows) RunPass(batch, part, begin, observer);
        for (var i = 0; i < _sums.Length; i++) _updateFeeds[i].Span<float>()[0] = (float)_sums[i];
        _updateFeeds[^2].Span<float>()[0] = stop ? 1 : 0;
        _updateFeeds[^1].Span<float>()[0] = (float)batch.Weight;
        _update.Run(_updateFeeds, _results, observer);
    }

    private void RunPass(Batch batch, int part, int begin, IStepObserver? observer)
    {
        var count = Math.Clamp(batch.Count - begin, 0, _rows);
        _micro.CopyRows(batch, count > 0 ? begin : 0, Math.Max(1, count));
        (_feeds[0], _feeds[1]) = (_micro.Tensors[0], _micro.Tensors[1]);
        _feeds[2].Span<float>()[0] = (float)((double)count / batch.GlobalCount);
        _feeds[3].Span<long>()[0] = part;
        _pass.Run(_feeds, _measured, observer);
        for (var i = 0; i < _sums.Length; i++) _sums[i] += _measured[i].Span<float>()[0];
        if (part == 0) _suspects = _feeds;
        // The passes that follow overwrite the examples.
        if (_suspects == _feeds && !double.IsFinite(_sums[0])) _suspects = [.. _feeds.Select(f => f.Clone())];
    }
}
