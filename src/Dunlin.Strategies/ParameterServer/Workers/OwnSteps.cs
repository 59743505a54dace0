using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>The steps that a worker makes of its own on one server's slices: the weights it goes on with, the optimiser that changes them, and how far they are from those that it was given.</summary>
internal sealed class OwnSteps : IDisposable
{
    private readonly ServerShard _shard;
    private readonly Session _distance;
    private readonly Step _measure;
    private readonly Tensor[] _given;
    private readonly Tensor[] _measured;
    private readonly Tensor[] _result = [Tensor.Zeros(DType.Float64, Shape.Scalar)];

    /// <param name="variables">All of the model's.</param>
    /// <param name="slices">The server's.</param>
    /// <param name="sparse">The numbers of the variables whose gradients are rows.</param>
    /// <param name="optimizer">What changes the weights here.</param>
    /// <param name="options">How it is computed.</param>
    public OwnSteps(IReadOnlyList<ServedVariable> variables, IReadOnlyList<Slice> slices, IReadOnlySet<int> sparse, Optimizer optimizer, SessionOptions options)
    {
        _shard = new(variables, slices, sparse, optimizer, options);
        _given = [.. slices.Select(s => Tensor.Zeros(s.Type.Type, s.Type.Shape))];
        _measured = [.. _shard.Weights.Zip(_given).SelectMany(p => (Tensor[])[p.First, p.Second])];
        var graph = new Graph();
        List<Value> fed = [];
        Value? sum = null;
        foreach (var slice in slices)
        {
            var (own, given) = (graph.Placeholder($"own{fed.Count}", slice.Type.Type, slice.Type.Shape), graph.Placeholder($"given{fed.Count}", slice.Type.Type, slice.Type.Shape));
            fed.AddRange([own, given]);
            var square = (own - given).Square().Sum().Cast(DType.Float64);
            sum = sum is null ? square : sum + square;
        }
        _distance = new Session(graph, options);
        _measure = _distance.Compile(fed, [sum!]);
    }

    /// <summary>The worker's weights.</summary>
    public IReadOnlyList<Tensor> Weights => _shard.Weights;

    /// <summary>‖θ − θ′‖²: the weights here against those that were given.</summary>
    public double SquaredDistance
    {
        get
        {
            _measure.Run(_measured, _result);
            return _result[0].Item<double>();
        }
    }

    /// <summary>Begins again with other weights.</summary>
    public void Begin(ReadOnlySpan<Tensor> weights)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i].CopyTo(_shard.Weights[i]);
            weights[i].CopyTo(_given[i]);
        }
    }

    /// <summary>Moves the weights by a gradient.</summary>
    public void Apply(ReadOnlySpan<SliceGradient> gradients) => _shard.Apply(gradients);

    /// <summary>Moves the weights a part of the way to others.</summary>
    public void MoveTowards(ReadOnlySpan<SliceGradient> goals, double rate) => _shard.MoveTowards(goals, rate);

    /// <inheritdoc/>
    public void Dispose()
    {
        _shard.Dispose();
        _distance.Dispose();
    }
}
