using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>A table of a model's layers as lines of text.</summary>
public static class ModelSummary
{
    /// <summary>A line for each layer with its output's shape, parameters and floating-point operations for one example, and their totals.</summary>
    /// <param name="records">What <see cref="BuildContext.Records"/> has noted.</param>
    public static IReadOnlyList<string> Lines(IReadOnlyList<LayerRecord> records)
    {
        string[][] rows =
        [
            ["layer", "kind", "output", "parameters", "FLOPs/example"],
            .. records.Select(r => (string[])[r.Path, r.Kind, r.Output.Shape.ToString(), Count(r.Parameters), Count(r.Flops)]),
            ["total", "", "", Count(records.Sum(r => r.Parameters)), Count(records.Sum(r => r.Flops))],
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var lines = rows.Select(row => string.Join("  ", row.Select((text, column) => column < 3 ? text.PadRight(widths[column]) : text.PadLeft(widths[column])))).ToList();
        var rule = new string('-', lines[0].Length);
        lines.Insert(lines.Count - 1, rule);
        lines.Insert(1, rule);
        return lines;
    }

    /// <summary>
    /// Floating-point operations of the matrix products and convolutions of a training step for one example: forward, and backward as much again for the inputs and for the weights.
    /// The first layer's input needs no gradient where it is the model's own.
    /// </summary>
    /// <param name="records">What <see cref="BuildContext.Records"/> has noted.</param>
    public static long StepFlops(IReadOnlyList<LayerRecord> records) =>
        3 * records.Sum(r => r.Flops) - (records.FirstOrDefault(r => r.Parameters > 0)?.Flops ?? 0);

    private static string Count(long number) => number == 0 ? "-" : number.ToString("N0");
}
