namespace Dunlin.Graphs.Ops;

/// <summary>
/// The numbers of the boxes that remain when of boxes that overlap only the one of highest score is kept. Inputs: boxes[N, 4] of two opposite corners
/// (y₁, x₁, y₂, x₂) and scores[N], of one floating-point type. Output: Int64[K], highest score first; of equal scores, the earlier box.
/// </summary>
/// <param name="MaxCount">The most boxes to keep.</param>
/// <param name="MaxOverlap">From 0 to 1: a box is dropped when the area that it shares with one that is kept, over the area of their union, is more.</param>
/// <param name="MinScore">Boxes of lower score, or NaN, are dropped.</param>
public sealed record NonMaxSuppression(int MaxCount, double MaxOverlap, double MinScore) : DynamicOperation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its output is made of integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (boxes, scores) = (inputs[0], inputs[1]);
        if (!boxes.Type.IsFloat() || boxes.Shape.Rank != 2 || boxes.Shape[1] is not (4 or Shape.Unknown)) throw Mismatch(inputs, "the first input, the boxes, is floating-point [N, 4].");
        if (scores.Type != boxes.Type || !boxes.Shape[..1].Accepts(scores.Shape)) throw Mismatch(inputs, $"the second input, the scores, is {boxes.Type}, one for each box.");
        if (MaxCount < 0 || MaxOverlap is not (>= 0 and <= 1)) throw Mismatch(inputs, $"keeps at least 0 boxes that overlap by 0 to 1, not {MaxCount} by {MaxOverlap}.");
        return [new(DType.Int64, [Shape.Unknown])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var (boxes, scores) = (Doubles(inputs[0]), Doubles(inputs[1]));
        var order = Enumerable.Range(0, scores.Length).Where(i => scores[i] >= MinScore).OrderByDescending(i => scores[i]);
        var kept = new List<int>();
        foreach (var i in order)
        {
            if (kept.Count == MaxCount) break;
            if (kept.All(k => Overlap(boxes.AsSpan(4 * i, 4), boxes.AsSpan(4 * k, 4)) <= MaxOverlap)) kept.Add(i);
        }
        return [Tensor.From(kept.Select(k => (long)k).ToArray())];
    }

    private static double Overlap(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        static (double Low, double High) Side(ReadOnlySpan<double> box, int at) => (Math.Min(box[at], box[at + 2]), Math.Max(box[at], box[at + 2]));
        static double Shared((double Low, double High) p, (double Low, double High) q) => Math.Max(0, Math.Min(p.High, q.High) - Math.Max(p.Low, q.Low));
        var (ay, ax, by, bx) = (Side(a, 0), Side(a, 1), Side(b, 0), Side(b, 1));
        var shared = Shared(ay, by) * Shared(ax, bx);
        var union = Shared(ay, ay) * Shared(ax, ax) + Shared(by, by) * Shared(bx, bx) - shared;
        return union > 0 ? shared / union : 0;
    }

    private static double[] Doubles(Tensor tensor) => tensor.Type switch
    {
        DType.Float64 => tensor.ToArray<double>(),
        DType.Float32 => [.. tensor.ToArray<float>().Select(v => (double)v)],
        DType.Float16 => [.. tensor.ToArray<Half>().Select(v => (double)v)],
        _ => [.. tensor.ToArray<BFloat16>().Select(v => (double)(float)v)],
    };
}

/// <summary>Detected boxes.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.NonMaxSuppression"/>
    /// <param name="boxes">[N, 4].</param>
    /// <param name="scores">[N].</param>
    /// <param name="maxCount">The most boxes to keep.</param>
    /// <param name="maxOverlap">The most that two kept boxes overlap.</param>
    /// <param name="minScore">Boxes of lower score are dropped.</param>
    public static Value NonMaxSuppression(this Value boxes, Value scores, int maxCount, double maxOverlap = 0.5, double minScore = double.NegativeInfinity) =>
        boxes.Graph.Add(new NonMaxSuppression(maxCount, maxOverlap, minScore), [boxes, scores]);
}
