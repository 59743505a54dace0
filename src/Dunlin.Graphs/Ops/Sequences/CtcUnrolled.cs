namespace Dunlin.Graphs.Ops;

/// <summary><see cref="CtcLoss"/> from simple operations, step by step, so that it can be differentiated to any order.</summary>
internal static class CtcUnrolled
{
    /// <summary>The logarithm of next to nothing: −∞ would leave NaN in derivatives.</summary>
    private const double Never = -1e30;

    /// <summary>The losses, 0 where labels do not fit.</summary>
    public static Value Loss(Value logProbabilities, Value labels, Value inputLengths, Value labelLengths, int blank)
    {
        var steps = logProbabilities.Shape[1];
        if (steps == Shape.Unknown || labels.Shape[1] == Shape.Unknown)
            throw new ShapeException($"Second derivatives of CtcLoss need known numbers of steps and labels; the log probabilities are {logProbabilities}, the labels {labels}.");
        if (steps == 0) return logProbabilities.Sum([1, 2]);
        // 16 bits do not hold such small numbers.
        var x = logProbabilities.Type.IsHalf() ? logProbabilities.Cast(DType.Float32) : logProbabilities;
        var each = x.Unstack(1);
        var states = 2 * labels.Shape[1] + 1;
        var symbols = Symbols(labels, labelLengths, blank);
        var skips = symbols.NotEqualTo(symbols.Number(blank)) & symbols.NotEqualTo(Shift(symbols, 2, blank));
        var toSkip = Operations.Select(skips, x.Number(0), x.Number(Never));
        var alpha = each[0].TakeAlong(symbols) + Start(x, states);
        for (var t = 1; t < steps; t++)
        {
            var from = Operations.Stack([alpha, Shift(alpha, 1, Never), Shift(alpha, 2, Never) + toSkip]).LogSumExp([0]);
            alpha = Operations.Select((inputLengths > t).ExpandLast(), from + each[t].TakeAlong(symbols), alpha);
        }
        var last = labelLengths * 2;
        Value At(Value state) => alpha.TakeAlong(state.ExpandLast()).Squeeze(-1);
        var beforeLast = Operations.Select(labelLengths > 0, At((last - 1).Maximum(last.Number(0))), x.Number(Never));
        var log = Operations.Stack([At(last), beforeLast]).LogSumExp([0]);
        var fits = (log > Never / 2) & (inputLengths > 0);
        return Operations.Select(fits, -log, x.Number(0)).Cast(logProbabilities.Type);
    }

    /// <summary>Blank, first label, blank, second label, …, blank: [N, 2L + 1].</summary>
    private static Value Symbols(Value labels, Value lengths, int blank)
    {
        var y = Operations.Select(lengths.SequenceMask(labels), labels, labels.Number(blank));
        var blanks = labels.FillLike(labels.Number(blank));
        var first = lengths.Cast(labels.Type).FillLike(labels.Number(blank)).ExpandLast();
        return Operations.Concat([first, Operations.Stack([y, blanks], 2).Flatten()], 1);
    }

    /// <summary>0 for the two states in which a path may begin.</summary>
    private static Value Start(Value like, int states)
    {
        var start = Enumerable.Range(0, states).Select(s => s < 2 ? 0 : Never).ToArray();
        return like.Graph.Constant(Tensor.From(start)).Cast(like.Type);
    }

    /// <summary>Row elements moved to the right.</summary>
    private static Value Shift(Value rows, int by, double blank)
    {
        var padded = rows.Pad([0, by], [0, 0], blank);
        return padded.StridedSlice(.., new Slicing(0, rows.Shape[1]));
    }
}
