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
    private readonly Lazy<Step> _scores;

    /// <param name="weights">Type and shape of w[C, D].</param>
    /// <param name="options">How it is computed.</param>
    public ClassScorer(TensorType weights, SessionOptions options)
    {
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
        _scores = new(() => _session.Compile([w, h], [scores]));
        var errors = ((scores - normalizers.ExpandDims(1)).Exp() - right) * gradients.ExpandDims(1);
        _differentiate = _session.Compile([w, h, labels, normalizers, gradients], [errors.MatMul(w), errors.MatMul(h, transposeA: true)]);
    }

    /// <summary>Answers a question; where it is for the gradients, also for that of the weights.</summary>
    /// <param name="query">The question.</param>
    /// <param name="weights">w[C, D].</param>
    /// <returns>The weights' gradient, or null.</returns>
    public Tensor? Answer(ClassQuery query, Tensor weights)
    {
        switch (query.Question)
        {
            case ClassQuestion.Sums:
                _score.Run([weights, query.Features, query.Labels!], [query.Answer]);
                return null;
            case ClassQuestion.Scores:
                _scores.Value.Run([weights, query.Features], [query.Answer]);
                return null;
            default:
                var gradient = Tensor.Uninitialized(weights.Type, weights.Shape);
                _differentiate.Run([weights, query.Features, query.Labels!, query.Normalizers!, query.LossGradients!], [query.Answer, gradient]);
                return gradient;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
