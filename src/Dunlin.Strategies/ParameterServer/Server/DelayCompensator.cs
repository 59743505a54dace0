using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// Corrects a gradient g that was computed with weights w′, for those that it is applied to, w: g + λ g ∘ g ∘ (w − w′), whose second term stands for the Hessian's diagonal times what the weights have moved by (Zheng et al., 2016).
/// </summary>
internal sealed class DelayCompensator : IDisposable
{
    private readonly Session _session;
    private readonly Step _step;
    private readonly bool[] _isSparse;
    private readonly List<Tensor> _feeds = [];

    /// <param name="slices">What the gradients are of.</param>
    /// <param name="sparse">The numbers of the variables whose gradients are rows.</param>
    /// <param name="rule">λ.</param>
    /// <param name="options">How it is computed.</param>
    public DelayCompensator(IReadOnlyList<Slice> slices, IReadOnlySet<int> sparse, DelayCompensation rule, SessionOptions options)
    {
        _isSparse = [.. slices.Select(s => sparse.Contains(s.Variable))];
        var graph = new Graph();
        List<Value> fed = [], corrected = [], updates = [];
        for (var i = 0; i < slices.Count; i++)
        {
            var (type, shape) = slices[i].Type;
            var gradient = graph.Placeholder($"gradient{i}", type, _isSparse[i] ? shape.With(0, Shape.Unknown) : shape);
            var (now, then) = (graph.Placeholder($"now{i}", type, shape), graph.Placeholder($"then{i}", type, shape));
            fed.AddRange([gradient, now, then]);
            Value? rows = null;
            if (_isSparse[i])
            {
                fed.Add(rows = graph.Placeholder($"rows{i}", DType.Int64, [Shape.Unknown]));
                // Rows of number −1 are none, and what is computed for them is not used.
                var known = rows.Maximum(rows.Number(0));
                (now, then) = (now.Gather(known), then.Gather(known));
            }
            Value square = gradient * gradient, strength = graph.Constant(rule.Lambda, type);
            if (rule.MeanSquareDecay is { } decay)
            {
                var mean = graph.AddVariable($"meanSquare{i}", type, shape, Initializers.Zeros, trainable: false);
                var old = rows is null ? mean.Value : mean.Value.Gather(rows.Maximum(rows.Number(0)));
                var next = decay * old + (1 - decay) * square;
                updates.Add(mean.Assign(rows is null ? next : Operations.PutRows(mean, rows, next)));
                strength = rule.Lambda / (next + 1e-7).Sqrt();
            }
            corrected.Add(gradient + strength * square * (now - then));
        }
        _session = new Session(graph, options);
        _step = _session.Compile(fed, corrected, updates);
    }

    /// <summary>The gradients, corrected.</summary>
    /// <param name="gradients">As workers computed them.</param>
    /// <param name="now">The weights that they will be applied to.</param>
    /// <param name="then">Those that they were computed with.</param>
    public SliceGradient[] Correct(IReadOnlyList<SliceGradient> gradients, IReadOnlyList<Tensor> now, IReadOnlyList<Tensor> then)
    {
        _feeds.Clear();
        var corrected = new SliceGradient[gradients.Count];
        for (var i = 0; i < corrected.Length; i++)
        {
            corrected[i] = gradients[i] with { Values = Tensor.Uninitialized(gradients[i].Values.Type, gradients[i].Values.Shape) };
            _feeds.AddRange([gradients[i].Values, now[i], then[i]]);
            if (_isSparse[i]) _feeds.Add(gradients[i].Rows!);
        }
        _step.Run([.. _feeds], [.. corrected.Select(c => c.Values)]);
        return corrected;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
