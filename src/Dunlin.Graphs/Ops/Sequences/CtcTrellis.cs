using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The states that connectionist temporal classification goes through: for labels y₁…y_L the 2L + 1 symbols blank, y₁, blank, y₂, …, blank. Each step
/// stays, goes on by one, or passes over a blank between two different labels. Reads one batch's operands for the kernels.
/// </summary>
internal sealed unsafe class CtcTrellis<T>(string operation, IReadOnlyList<TensorType> inputs, int blank) where T : unmanaged, INumber<T>
{
    private readonly int _classes = inputs[0].Shape[2];
    private readonly int _width = inputs[1].Shape[1];
    private readonly RowNumbers _labels = new(operation, "label", inputs[1], inputs[0].Shape[2]);
    private readonly RowNumbers _inputLengths = new(operation, "input length", inputs[2], inputs[0].Shape[1] + 1);
    private readonly RowNumbers _labelLengths = new(operation, "label length", inputs[3], inputs[1].Shape[1] + 1);

    public int Steps { get; } = inputs[0].Shape[1];

    public int Batch { get; } = inputs[0].Shape[0];

    /// <summary>The most states that a sequence of the batch can have.</summary>
    public int MostStates { get; } = 2 * inputs[1].Shape[1] + 1;

    /// <summary>Doubles of working memory that one worker's recursions need: the states' symbols and two rows, and a row for each step where all are kept.</summary>
    public static long Scratch(IReadOnlyList<TensorType> inputs, bool keep) => (2L * inputs[1].Shape[1] + 1) * (keep ? inputs[0].Shape[1] + 3L : 3L);

    /// <summary>One sequence's lengths and symbols.</summary>
    /// <exception cref="DunlinException">A label is out of range or the blank, or a length does not fit.</exception>
    public (int Steps, int States) Read(nint* buffers, long n, long* symbols)
    {
        var length = (int)_labelLengths.At(buffers[3], n);
        for (var i = 0; i < length; i++)
        {
            symbols[2 * i] = blank;
            symbols[2 * i + 1] = _labels.At(buffers[1], n * _width + i);
            if (symbols[2 * i + 1] == blank)
                throw new DunlinException($"{operation}: the label {blank} at position {n * _width + i} is the blank; labels are the other classes.");
        }
        symbols[2 * length] = blank;
        return ((int)_inputLengths.At(buffers[2], n), 2 * length + 1);
    }

    /// <summary>log P of one symbol at one step.</summary>
    public double Emission(nint* buffers, long n, int step, long symbol) => double.CreateTruncating(((T*)buffers[0])[(n * Steps + step) * _classes + symbol]);

    /// <summary>The states' log probabilities after the first step, together with what was read.</summary>
    public void Begin(nint* buffers, long n, long* symbols, Span<double> alpha)
    {
        alpha.Fill(double.NegativeInfinity);
        for (var s = 0; s < Math.Min(2, alpha.Length); s++) alpha[s] = Emission(buffers, n, 0, symbols[s]);
    }

    /// <summary>The states' log probabilities one step later.</summary>
    public void Advance(nint* buffers, long n, int step, long* symbols, ReadOnlySpan<double> alpha, Span<double> next)
    {
        for (var s = 0; s < alpha.Length; s++)
        {
            var from = alpha[s];
            if (s > 0) from = LogSpace.Add(from, alpha[s - 1]);
            if (Skips(symbols, s)) from = LogSpace.Add(from, alpha[s - 2]);
            next[s] = from + Emission(buffers, n, step, symbols[s]);
        }
    }

    /// <summary>The log probabilities of what follows a step, from each state, given those of what follows the next.</summary>
    public void Retreat(nint* buffers, long n, int step, long* symbols, ReadOnlySpan<double> beta, Span<double> before)
    {
        for (var s = 0; s < beta.Length; s++)
        {
            double Through(ReadOnlySpan<double> later, int to) => later[to] + Emission(buffers, n, step + 1, symbols[to]);
            var after = Through(beta, s);
            if (s + 1 < beta.Length) after = LogSpace.Add(after, Through(beta, s + 1));
            if (s + 2 < beta.Length && Skips(symbols, s + 2)) after = LogSpace.Add(after, Through(beta, s + 2));
            before[s] = after;
        }
    }

    /// <summary>log P of all paths that end in a last state.</summary>
    public static double End(ReadOnlySpan<double> alpha) => alpha.Length == 1 ? alpha[0] : LogSpace.Add(alpha[^1], alpha[^2]);

    private bool Skips(long* symbols, int s) => s > 1 && symbols[s] != blank && symbols[s] != symbols[s - 2];
}
