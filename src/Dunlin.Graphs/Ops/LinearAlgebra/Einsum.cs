namespace Dunlin.Graphs.Ops;

/// <summary>Sums of products in Einstein's notation.</summary>
public static partial class Operations
{
    /// <summary>
    /// Sums of products by NumPy's notation: <c>"ik,kj->ij"</c> is a matrix product, <c>"ii"</c> a trace, <c>"...ij->...ji"</c> a transposition. Letters label dimensions;
    /// those that the result lacks are summed over; one that an operand has twice means its diagonal; an ellipsis stands for any dimensions, aligned from the last.
    /// Without <c>-></c> the result has the ellipsis, then the letters that occur once, in alphabetical order. A length of 1 is broadcast. It is composed
    /// of matrix products, broadcast products, transpositions and sums, through which it is differentiated; of several operands the cheapest pair comes first.
    /// </summary>
    /// <param name="equation">The notation; spaces are ignored.</param>
    /// <param name="operands">As many as it names, of one element type.</param>
    /// <exception cref="ShapeException">The notation is not of this form, or does not fit the operands; the message quotes it.</exception>
    public static Value Einsum(string equation, params IReadOnlyList<Value> operands)
    {
        var notation = new EinsumNotation(equation, operands);
        return new Contraction($"Einsum \"{equation}\"", [.. operands.Select((o, i) => (o, notation.Inputs[i]))], notation.Output).Run();
    }
}

/// <summary>An equation such as <c>"...ik,...kj->...ij"</c>, read for given operands.</summary>
internal sealed class EinsumNotation
{
    private const string Ellipsis = "...";

    private readonly string _equation;

    public EinsumNotation(string equation, IReadOnlyList<Value> operands)
    {
        _equation = equation;
        var sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        if (sides.Length > 2) throw Error("has more than one \"->\".");
        var terms = sides[0].Split(',');
        if (terms.Length != operands.Count) throw Error($"names {terms.Length} operands, but {operands.Count} are given.");
        Inputs = [.. terms.Select((t, i) => Labels(t, operands[i].Shape.Rank, $"operand {i}, {operands[i]}"))];
        // The dimensions of ellipses have negative labels: −1 the last, −2 the one before it.
        var hidden = Inputs.SelectMany(l => l).Where(l => l < 0).Distinct().Order().ToArray();
        Output = sides.Length == 1
            ? [.. hidden, .. Inputs.SelectMany(l => l).Where(l => l >= 0).GroupBy(l => l).Where(g => g.Count() == 1).Select(g => g.Key).Order()]
            : Labels(sides[1], sides[1].Replace(Ellipsis, "", StringComparison.Ordinal).Length + (sides[1].Contains(Ellipsis, StringComparison.Ordinal) ? hidden.Length : 0), "the result");
        foreach (var label in Output)
        {
            if (!Inputs.Any(l => l.Contains(label))) throw Error($"gives the result the dimension {(char)label}, which no operand has.");
            if (Output.Count(l => l == label) > 1) throw Error($"gives the result the dimension {(char)label} twice.");
        }
    }

    /// <summary>The labels of each operand's dimensions.</summary>
    public int[][] Inputs { get; }

    /// <summary>The labels of the result's dimensions.</summary>
    public int[] Output { get; }

    private int[] Labels(string term, int rank, string what)
    {
        var parts = term.Split(Ellipsis);
        if (parts.Length > 2) throw Error($"has more than one ellipsis for {what}.");
        if (parts.SelectMany(p => p).FirstOrDefault(c => !char.IsAsciiLetter(c)) is var wrong and not '\0') throw Error($"has '{wrong}' for {what}: dimensions are letters from a to z and A to Z.");
        var hidden = rank - parts.Sum(p => p.Length);
        if (hidden < 0 || (hidden > 0 && parts.Length == 1)) throw Error($"names {parts.Sum(p => p.Length)} dimensions of {what}, which has {rank}.");
        return [.. parts[0], .. Enumerable.Range(-hidden, hidden), .. parts.Length == 2 ? parts[1] : ""];
    }

    private ShapeException Error(string what) => new($"Einsum: \"{_equation}\" {what}");
}
