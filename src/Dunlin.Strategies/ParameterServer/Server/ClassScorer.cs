using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>A server's part of a softmax over classes: scores of those whose weights it has, and their gradient.</summary>
internal sealed class ClassScorer : IDisposable
{
    private readonly Session _session;
    private readonly Step _score;
    private readonly Step _differentiate;
    private readonly Tensor _weights;

    /// <param name="weights">w[C, D], as they are when asked.</param>
    /// <param name="options">How it is computed.</param>
    public ClassScorer(Tensor weights, SessionOptions options)
    {
        _weights = weights;
        var graph = new Graph();
        var (w, h) = (graph.Placeholder("weights", weights.Type, weights.Shape), graph.Placeholder("features", weights.Type, [Shape.Unknown, weights.Shape[1]]));
        var labels = graph.Placeholder("labels", DType.Int64, [Shape.Unknown]);
        var (normalizers, gradients) = (graph.Placeholder("normalizers", weights.Type, [Shape.Unknown]), graph.Placeholder("gradients", weights.Type, [Shape.Unknown]));
        var scores = h.MatMul(w, transposeB: true);
        var greatest = scores.Max([1]);
        // Labels that are elsewhere have no class here.
        var right = labels.Maximum(labels.Number(0)).OneHot(weights.Shape[0], weights.Type) * (labels >= 0).Cast(weights.Type).ExpandDims(1);
        _session = new Session(graph, options);
        _score = _session.Compile([w, h, labels], [Operations.Stack([greatest, (scores - greatest.ExpandDims(1)).Exp().Sum([1]), (scores * right).Sum([1])], 0)]);
        var errors = ((scores - normalizers.ExpandDims(1)).Exp() - right) * gradients.ExpandDims(1);
        _differentiate = _session.Compile([w, h, labels, normalizers, gradients], [errors.MatMul(w), errors.MatMul(h, transposeA: true)]);
    }

    /// <summary>Answers a question; where it is for the gradient, also that of the weights.</summary>
    /// <returns>The weights' gradient, or null.</returns>
    public Tensor? Answer(ClassQuery query)
    {
        if (query.LossGradients is null)
        {
            _score.Run([_weights, query.Features, query.Labels], [query.Answer]);
            return null;
        }
        var gradient = Tensor.Uninitialized(_weights.Type, _weights.Shape);
        _differentiate.Run([_weights, query.Features, query.Labels, query.Normalizers!, query.LossGradients], [query.Answer, gradient]);
        return gradient;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
