namespace Dunlin.Graphs.Ops;

/// <summary>
/// What each element of a resized dimension is made of: a weighted sum of neighbours. Kept by output element; <see cref="Transposed"/> by input element.
/// </summary>
internal sealed class ResizeTaps
{
    /// <summary>The parameter of the cubic convolution (Keys, 1981), as in PyTorch.</summary>
    internal const double Sharpness = -0.75;

    private ResizeTaps(IReadOnlyList<List<(int From, double Weight)>> taps, int input)
    {
        InputLength = input;
        OutputLength = taps.Count;
        Starts = [0, .. taps.Select((_, i) => 0)];
        for (var i = 0; i < taps.Count; i++) Starts[i + 1] = Starts[i] + taps[i].Count;
        From = [.. taps.SelectMany(t => t).Select(t => t.From)];
        Weights = [.. taps.SelectMany(t => t).Select(t => t.Weight)];
    }

    public int InputLength { get; }

    public int OutputLength { get; }

    /// <summary>Where each output element's taps begin; one more for the end.</summary>
    public int[] Starts { get; }

    public int[] From { get; }

    public double[] Weights { get; }

    /// <summary>Whether elements stay as they are.</summary>
    public bool IsIdentity => InputLength == OutputLength && From.Length == OutputLength && From.Select((f, i) => f == i).All(same => same) && Weights.All(w => w == 1);

    public static ResizeTaps Of(Interpolation interpolation, bool alignCorners, int input, int output) =>
        new([.. Enumerable.Range(0, output).Select(i => Merge(At(interpolation, alignCorners, input, output, i)))], input);

    /// <summary>The transposed matrix.</summary>
    public ResizeTaps Transposed()
    {
        var taps = Enumerable.Range(0, InputLength).Select(_ => new List<(int, double)>()).ToList();
        for (var i = 0; i < OutputLength; i++)
            for (var t = Starts[i]; t < Starts[i + 1]; t++) taps[From[t]].Add((i, Weights[t]));
        return new(taps, OutputLength);
    }

    private static IEnumerable<(int From, double Weight)> At(Interpolation interpolation, bool alignCorners, int input, int output, int i)
    {
        var ratio = (double)input / output;
        switch (interpolation)
        {
            case Interpolation.Nearest: return [(Math.Min(input - 1, (int)Math.Floor(i * ratio)), 1)];
            case Interpolation.NearestExact: return [(Math.Min(input - 1, (int)Math.Floor((i + 0.5) * ratio)), 1)];
            case Interpolation.Area:
                var (first, end) = ((int)((long)i * input / output), (int)(((i + 1L) * input + output - 1) / output));
                return Enumerable.Range(first, end - first).Select(j => (j, 1.0 / (end - first)));
        }
        // Corners on corners, or elements as squares whose centres lie half an element inside.
        var at = alignCorners ? output > 1 ? i * (input - 1.0) / (output - 1) : 0 : (i + 0.5) * ratio - 0.5;
        if (interpolation == Interpolation.Linear)
        {
            at = Math.Max(0, at);
            var low = Math.Min(input - 1, (int)at);
            return [(low, 1 - (at - low)), (Math.Min(input - 1, low + 1), at - low)];
        }
        var left = (int)Math.Floor(at);
        return Enumerable.Range(left - 1, 4).Select(j => (Math.Clamp(j, 0, input - 1), Cubic(Math.Abs(at - j))));
    }

    internal static double Cubic(double x) => x <= 1
        ? ((Sharpness + 2) * x - (Sharpness + 3)) * x * x + 1
        : ((Sharpness * x - 5 * Sharpness) * x + 8 * Sharpness) * x - 4 * Sharpness;

    /// <summary>The derivative of <see cref="Cubic"/>.</summary>
    internal static double CubicSlope(double x) => x <= 1
        ? (3 * (Sharpness + 2) * x - 2 * (Sharpness + 3)) * x
        : (3 * Sharpness * x - 10 * Sharpness) * x + 8 * Sharpness;

    private static List<(int From, double Weight)> Merge(IEnumerable<(int From, double Weight)> taps) =>
        [.. taps.GroupBy(t => t.From, t => t.Weight).Select(g => (g.Key, g.Sum())).Where(t => t.Item2 != 0)];
}
