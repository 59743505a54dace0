using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Asks one server about the classes whose weights it has.</summary>
internal sealed class ClassLink(IServerChannel server)
{
    private readonly ServerCall _call = server.NewCall();
    private readonly Queue<ClassQuery> _queries = new();

    /// <summary>Asks, for each slice of the weights that is there.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="table">The number of the weights.</param>
    /// <param name="tensors">As far as the question has them: features [N, D], labels [N], of all classes, normalisers [N] and gradients of the losses [N].</param>
    /// <param name="number">Of the worker's next gradient.</param>
    /// <param name="step"><see cref="ClassQuery.Step"/>.</param>
    /// <exception cref="DunlinException">There are more examples than a server has room for.</exception>
    public void Ask(ClassQuestion question, int table, ReadOnlySpan<Tensor> tensors, long number, long step)
    {
        for (var i = 0; i < server.Slices.Count; i++)
        {
            var slice = server.Slices[i];
            if (slice.Variable != table) continue;
            var (examples, most) = (tensors[0].Shape[0], CallFrames.MostExamples(slice.Type));
            if (examples > most) throw new DunlinException($"Of {examples} examples at a time the scores of {slice.Type.Shape[0]} classes are asked of a server, which has room for those of {most}: take a smaller batch, or more servers.");
            var own = tensors.ToArray();
            if (question != ClassQuestion.Scores) own[1] = LabelsWithin(tensors[1], slice);
            _queries.Enqueue(CallFrames.Query(question, i, step, own, ClassQuery.AnswerTo(question, examples, slice.Type)));
        }
        _call.Number = number;
        Send();
    }

    /// <summary>Waits for the answers, with the slices that they are of.</summary>
    public IEnumerable<(Slice Slice, Tensor Answer)> Receive()
    {
        while (_queries.TryPeek(out var query))
        {
            server.Await(_call);
            _queries.Dequeue();
            // One question at a time.
            Send();
            yield return (server.Slices[query.Slice], query.Answer);
        }
    }

    private static Tensor LabelsWithin(Tensor labels, Slice slice)
    {
        var own = Tensor.Uninitialized(DType.Int64, labels.Shape);
        ReadOnlySpan<long> from = labels.Span<long>();
        var to = own.Span<long>();
        for (var n = 0; n < from.Length; n++) to[n] = from[n] >= slice.FirstRow && from[n] < slice.FirstRow + slice.Type.Shape[0] ? from[n] - slice.FirstRow : -1;
        return own;
    }

    private void Send()
    {
        if (!_queries.TryPeek(out var query)) return;
        _call.Classes = query;
        server.Send(_call);
    }
}
