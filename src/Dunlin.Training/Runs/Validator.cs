using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>Measures the model on data it does not learn from; every worker takes its share. Where the optimiser keeps means of the weights, it measures those.</summary>
internal sealed class Validator : IDisposable
{
    private readonly IWorker _worker;
    private readonly TrainingGraph _graph;
    private readonly List<(Variable Average, Tensor Whole)> _gathered = [];
    private readonly IReadOnlyList<string> _names;
    private readonly DataLoader _loader;
    private readonly Step _step;
    private readonly Tensor[] _feeds;
    private readonly Tensor[] _results;
    private readonly Tensor _sums;

    public Validator(TrainingGraph graph, IWorker worker, IDataset data, int batchSize)
    {
        (_worker, _graph) = (worker, graph);
        _names = graph.MetricNames;
        _loader = new DataLoader(data, new DataLoaderOptions { BatchSize = batchSize, Shuffle = false, Rank = worker.Rank, Ranks = worker.Communicator.Size });
        _step = graph.Session.Compile([graph.Input, graph.Target, .. graph.Averages.Select(a => a.Variable.Value)], graph.Validation);
        _feeds = [null!, null!, .. graph.Averages.Select(a => a.Average.TensorType == a.Variable.TensorType ? graph.Session.Storage(a.Average) : Gathered(a.Average))];
        _results = [.. graph.Validation.Select(v => Tensor.Zeros(v.Type, Shape.Scalar))];
        _sums = Tensor.Zeros(DType.Float64, [_results.Length + 1]);
    }

    /// <summary>The means over all examples, by name.</summary>
    public IReadOnlyDictionary<string, double> Measure()
    {
        var sums = _sums.Span<double>();
        sums.Clear();
        _loader.Seek(0, 0);
        foreach (var (average, whole) in _gathered) Wholes.BringToAll(_worker.Communicator, _graph.Session, average, whole);
        while (_loader.TryNext(out var batch))
        {
            if (batch.Count == 0 && !_graph.ValidatesTogether) continue;
            (_feeds[0], _feeds[1]) = (batch.Tensors[0], batch.Tensors[1]);
            _step.Run(_feeds, _results);
            if (batch.Count == 0) continue;
            for (var i = 0; i < _results.Length; i++) sums[i] += _results[i].Span<float>()[0] * batch.Count;
            sums[^1] += batch.Count;
        }
        _worker.Communicator.AllReduce(_sums);
        var means = new Dictionary<string, double>();
        for (var i = 0; i < _names.Count; i++) means[_names[i]] = sums[i] / sums[^1];
        return means;
    }

    /// <summary>Room for a mean of which each worker keeps a piece.</summary>
    private Tensor Gathered(Variable average)
    {
        var whole = Tensor.Uninitialized(average.WholeType.Type, average.WholeType.Shape);
        _gathered.Add((average, whole));
        return whole;
    }

    public void Dispose() => _loader.Dispose();
}
