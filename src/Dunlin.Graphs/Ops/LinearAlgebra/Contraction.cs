namespace Dunlin.Graphs.Ops;

/// <summary>
/// A sum of products of tensors whose dimensions have labels: y[output labels] = Σ over all other labels of the product of the operands. It is made of
/// transpositions, sums, and for each pair of operands one matrix product, or one broadcast product where nothing is summed.
/// </summary>
/// <param name="name">What messages call it.</param>
/// <param name="operands">Each with one label for every dimension.</param>
/// <param name="output">The labels of the result's dimensions, each once.</param>
internal sealed class Contraction(string name, IReadOnlyList<(Value Value, int[] Labels)> operands, int[] output)
{
    private readonly Dictionary<int, int> _lengths = [];

    public Value Run()
    {
        Measure();
        var open = operands.Select(o => Narrow(Diagonals(o.Value, o.Labels))).ToList();
        for (var i = 0; i < open.Count; i++) open[i] = Reduce(open[i], Needed(open, i, i));
        while (open.Count > 1)
        {
            var (i, j) = Cheapest(open);
            var product = Product(open[i], open[j], Needed(open, i, j));
            open.RemoveAt(j);
            open[i] = product;
        }
        return Arrange(open[0].Value, open[0].Labels, output);
    }

    /// <summary>The length of each label; a dimension of length 1 gives way to a longer one.</summary>
    private void Measure()
    {
        foreach (var (value, labels) in operands)
            for (var d = 0; d < labels.Length; d++)
            {
                var length = value.Shape[d];
                if (!_lengths.TryGetValue(labels[d], out var known) || known == 1 || (known == Shape.Unknown && length != 1)) _lengths[labels[d]] = length;
                else if (known != Shape.Unknown && length is not (1 or Shape.Unknown) && length != known)
                    throw new ShapeException($"{name}({string.Join(", ", operands.Select(o => o.Value))}): dimension {d} of {value} has length {length}, "
                        + $"but the same label has length {known} elsewhere.");
            }
    }

    /// <summary>A label that occurs twice in an operand means its diagonal.</summary>
    private static (Value Value, int[] Labels) Diagonals(Value x, int[] labels)
    {
        while (labels.GroupBy(l => l).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            var (first, second) = (Array.IndexOf(labels, twice.Key), Array.LastIndexOf(labels, twice.Key));
            int[] others = [.. Enumerable.Range(0, labels.Length).Where(d => d != first && d != second)];
            x = x.Transpose([.. others, first, second]).DiagonalPart();
            labels = [.. others.Select(d => labels[d]), twice.Key];
        }
        return (x, labels);
    }

    /// <summary>Drops dimensions of length 1 whose label is longer elsewhere.</summary>
    private (Value Value, int[] Labels) Narrow((Value Value, int[] Labels) x)
    {
        int[] single = [.. Enumerable.Range(0, x.Labels.Length).Where(d => x.Value.Shape[d] == 1 && _lengths[x.Labels[d]] != 1)];
        return single.Length == 0 ? x : (x.Value.Squeeze(single), [.. x.Labels.Where((_, d) => !single.Contains(d))]);
    }

    /// <summary>The labels of the result and of all operands but two.</summary>
    private HashSet<int> Needed(List<(Value Value, int[] Labels)> open, int i, int j) => [.. output, .. open.Where((_, k) => k != i && k != j).SelectMany(o => o.Labels)];

    private static (Value Value, int[] Labels) Reduce((Value Value, int[] Labels) x, HashSet<int> needed)
    {
        int[] gone = [.. Enumerable.Range(0, x.Labels.Length).Where(d => !needed.Contains(x.Labels[d]))];
        return gone.Length == 0 ? x : (x.Value.Sum(gone), [.. x.Labels.Where(needed.Contains)]);
    }

    /// <summary>The pair whose product takes the fewest multiplications; the first two where lengths are unknown.</summary>
    private (int, int) Cheapest(List<(Value Value, int[] Labels)> open)
    {
        var (best, least) = ((0, 1), double.PositiveInfinity);
        if (open.Count == 2 || _lengths.ContainsValue(Shape.Unknown)) return best;
        for (var i = 0; i < open.Count; i++)
            for (var j = i + 1; j < open.Count; j++)
            {
                var work = open[i].Labels.Union(open[j].Labels).Aggregate(1.0, (n, l) => n * _lengths[l]);
                if (work < least) (best, least) = ((i, j), work);
            }
        return best;
    }

    private (Value Value, int[] Labels) Product((Value Value, int[] Labels) a, (Value Value, int[] Labels) b, HashSet<int> needed)
    {
        int[] shared = [.. a.Labels.Intersect(b.Labels)];
        int[] batch = [.. shared.Where(needed.Contains)];
        int[] summed = [.. shared.Except(batch)];
        int[] left = [.. a.Labels.Except(shared)];
        int[] right = [.. b.Labels.Except(shared)];
        // Without a batch the dimensions of the left side may stay apart, so it had better be the one with more.
        if (batch.Length == 0 && left.Length < right.Length) (a, b, left, right) = (b, a, right, left);
        int[] result = [.. batch, .. left, .. right];
        if (summed.Length == 0 || !a.Value.Type.IsFloat())
        {
            int[] all = [.. result, .. summed];
            return Reduce((Spread(a, all) * Spread(b, all), all), needed);
        }
        var apart = batch.Length == 0 && left.Length > 0;
        var (x, transposeA) = apart ? Side(a, left[..^1], left[^1..], summed) : Side(a, batch, left, summed);
        var (z, transposeB) = Side(b, batch, summed, right);
        var y = x.MatMul(z, transposeA, transposeB);
        if ((apart || left.Length == 1) && right.Length == 1) return (y, result);
        return (y.Reshape([.. result.Select(l => _lengths[l])]), result);
    }

    /// <summary>An operand of a matrix product; one that is there transposed need not be moved.</summary>
    private (Value Value, bool Transposed) Side((Value Value, int[] Labels) x, int[] batch, int[] rows, int[] columns) =>
        rows.Length > 0 && columns.Length > 0 && x.Labels.SequenceEqual([.. batch, .. columns, .. rows])
            ? (Matrix(x, batch, columns, rows), true)
            : (Matrix(x, batch, rows, columns), false);

    /// <summary>[batch…, rows, columns]: the labels of each side join into one dimension.</summary>
    private Value Matrix((Value Value, int[] Labels) x, int[] batch, int[] rows, int[] columns)
    {
        var y = Arrange(x.Value, x.Labels, [.. batch, .. rows, .. columns]);
        if (rows.Length == 0) y = y.ExpandDims(batch.Length);
        if (columns.Length == 0) y = y.ExpandDims(-1);
        return rows.Length < 2 && columns.Length < 2 ? y : y.Reshape([.. batch.Select(l => _lengths[l]), Joined(rows), Joined(columns)]);
    }

    private int Joined(int[] labels) => labels.Any(l => _lengths[l] == Shape.Unknown) ? Shape.Unknown : labels.Aggregate(1, (n, l) => checked(n * _lengths[l]));

    /// <summary>With dimensions of length 1 for the labels that it lacks.</summary>
    private static Value Spread((Value Value, int[] Labels) x, int[] labels)
    {
        var y = Arrange(x.Value, x.Labels, [.. labels.Where(x.Labels.Contains)]);
        for (var d = 0; d < labels.Length; d++)
            if (!x.Labels.Contains(labels[d])) y = y.ExpandDims(d);
        return y;
    }

    private static Value Arrange(Value x, int[] from, int[] to) => from.SequenceEqual(to) ? x : x.Transpose([.. to.Select(l => Array.IndexOf(from, l))]);
}
