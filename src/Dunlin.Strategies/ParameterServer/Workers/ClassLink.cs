using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Asks one server about the classes whose weights it has.</summary>
internal sealed class ClassLink(IServerChannel server)
{
    private readonly ServerCall _call = server.NewCall();
    private readonly Queue<ClassQuery> _queries = new();

    /// <summary>Asks, for each slice of the weights that is there.</summary>
    /// <param name="table">The number of the weights.</param>
    /// <param name="features">[N, D].</param>
    /// <param name="labels">[N], of all classes.</param>
    /// <param name="normalizers">[N]; null for the sums.</param>
    /// <param name="gradients">[N]; null for the sums.</param>
    public void Ask(int table, Tensor features, Tensor labels, Tensor? normalizers, Tensor? gradients)
    {
        for (var i = 0; i < server.Slices.Count; i++)
        {
            var slice = server.Slices[i];
            if (slice.Variable != table) continue;
            var own = Tensor.Uninitialized(DType.Int64, labels.Shape);
            ReadOnlySpan<long> from = labels.Span<long>();
            var to = own.Span<long>();
            for (var n = 0; n < from.Length; n++) to[n] = from[n] >= slice.FirstRow && from[n] < slice.FirstRow + slice.Type.Shape[0] ? from[n] - slice.FirstRow : -1;
            _queries.Enqueue(new()
            {
                Slice = i,
                Features = features,
                Labels = own,
                Normalizers = normalizers,
                LossGradients = gradients,
                Answer = Tensor.Uninitialized(DType.Float32, gradients is null ? [3, features.Shape[0]] : features.Shape),
            });
        }
        Send();
    }

    /// <summary>Waits for the answers.</summary>
    public IEnumerable<Tensor> Receive()
    {
        while (_queries.TryDequeue(out var query))
        {
            server.Await(_call);
            // One question at a time.
            Send();
            yield return query.Answer;
        }
    }

    private void Send()
    {
        if (!_queries.TryPeek(out var query)) return;
        _call.Classes = query;
        server.Send(_call);
    }
}
