using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A sum of gradients of some slices, each times a number. Not thread-safe.</summary>
internal sealed class GradientSum : IDisposable
{
    private readonly Session _session;
    private readonly Step _begin;
    private readonly Step _add;
    private readonly Variable?[] _sums;
    private readonly List<SliceGradient>[] _rows;
    private readonly Tensor[] _feeds;
    private readonly SliceGradient[] _taken;
    private readonly Tensor _factor = Tensor.Zeros(DType.Float64, Shape.Scalar);

    /// <param name="slices">What the gradients are of.</param>
    /// <param name="sparse">The numbers of the variables whose gradients are rows.</param>
    /// <param name="options">How the sums are computed.</param>
    public GradientSum(IReadOnlyList<Slice> slices, IReadOnlySet<int> sparse, SessionOptions options)
    {
        var graph = new Graph();
        var factor = graph.Placeholder("factor", DType.Float64, Shape.Scalar);
        List<Value> fed = [factor], rows = [], first = [], more = [];
        _rows = [.. slices.Select(_ => new List<SliceGradient>())];
        _sums = new Variable?[slices.Count];
        _taken = new SliceGradient[slices.Count];
        for (var i = 0; i < slices.Count; i++)
        {
            var (type, shape) = slices[i].Type;
            var isSparse = sparse.Contains(slices[i].Variable);
            var values = graph.Placeholder($"gradient{i}", type, isSparse ? shape.With(0, Shape.Unknown) : shape);
            var term = values * factor.Cast(type);
            fed.Add(values);
            // Of rows there are no sums: those of all gradients stand one behind the other.
            if (isSparse)
            {
                rows.Add(term);
                continue;
            }
            var sum = _sums[i] = graph.AddVariable($"sum{i}", type, shape, Initializers.Zeros, trainable: false);
            first.Add(sum.Assign(term));
            more.Add(sum.Assign(sum + term));
        }
        _session = new Session(graph, options);
        _begin = _session.Compile(fed, rows, first);
        _add = _session.Compile(fed, rows, more);
        _feeds = new Tensor[fed.Count];
        _feeds[0] = _factor;
    }

    /// <summary>How many gradients it is the sum of.</summary>
    public int Count { get; private set; }

    /// <summary>Adds gradients, times a number. They may be changed afterwards.</summary>
    public void Add(ReadOnlySpan<SliceGradient> gradients, double factor)
    {
        _factor.Span<double>()[0] = factor;
        List<Tensor>? rows = null;
        for (var i = 0; i < gradients.Length; i++)
        {
            _feeds[i + 1] = gradients[i].Values;
            if (_sums[i] is not null) continue;
            (rows ??= []).Add(Tensor.Uninitialized(gradients[i].Values.Type, gradients[i].Values.Shape));
            _rows[i].Add(new(rows[^1], gradients[i].Rows!.Clone()));
        }
        (Count == 0 ? _begin : _add).Run(_feeds, rows is null ? [] : [.. rows]);
        Count++;
    }

    /// <summary>The sum, which holds until the next one is begun; then nothing is in it.</summary>
    public SliceGradient[] Take()
    {
        for (var i = 0; i < _taken.Length; i++)
        {
            _taken[i] = _sums[i] is { } variable ? new(_session.Storage(variable)) : new(Joined([.. _rows[i].Select(r => r.Values)]), Joined([.. _rows[i].Select(r => r.Rows!)]));
            _rows[i].Clear();
        }
        Count = 0;
        return _taken;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    /// <summary>Tensors one behind the other, along their first dimension.</summary>
    private static unsafe Tensor Joined(IReadOnlyList<Tensor> parts)
    {
        var whole = Tensor.Uninitialized(parts[0].Type, parts[0].Shape.With(0, parts.Sum(p => p.Shape[0])));
        var at = (byte*)whole.Address;
        foreach (var part in parts)
        {
            Buffer.MemoryCopy((void*)part.Address, at, part.Bytes, part.Bytes);
            at += part.Bytes;
            GC.KeepAlive(part);
        }
        return whole;
    }
}
