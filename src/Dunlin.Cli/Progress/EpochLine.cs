using Dunlin.Training;

namespace Dunlin.Cli.Progress;

/// <summary>An epoch as a line of keys and values, and as a row of a table.</summary>
internal sealed class EpochLine(TrainingPlan plan)
{
    private const int Width = 12;

    private readonly string[] _heads =
        [.. plan.MetricNames.Select(name => name), .. plan.MetricNames.Select(name => $"test {name}"), "items/s", "time"];

    /// <summary>Such as <c>epoch=1/3 loss=0.5012 test.loss=0.4431 items/s=9000 seconds=6.6</c>.</summary>
    public string Plain(EpochReport report) =>
        $"epoch={report.Epoch + 1}/{plan.Epochs}{Values(report.Training, "")}{Values(report.Validation, "test.")} items/s={report.ItemsPerSecond:0} seconds={report.Seconds:0.0}";

    /// <summary>The table's head.</summary>
    public string Head => "epoch".PadLeft(7) + string.Concat(_heads.Select(head => head.PadLeft(WidthOf(head))));

    /// <summary>One epoch's row.</summary>
    public string Row(EpochReport report)
    {
        var cells = plan.MetricNames.Select(name => Cell(report.Training, name))
            .Concat(plan.MetricNames.Select(name => Cell(report.Validation, name)))
            .Append($"{report.ItemsPerSecond:0}").Append($"{report.Seconds:0.0} s");
        return $"{report.Epoch + 1}/{plan.Epochs}".PadLeft(7) + string.Concat(cells.Zip(_heads, (cell, head) => cell.PadLeft(WidthOf(head)))) + (report.IsBest ? " *" : "");
    }

    private static int WidthOf(string head) => Math.Max(Width, head.Length + 2);

    private static string Cell(IReadOnlyDictionary<string, double> values, string name) => values.TryGetValue(name, out var value) ? Format.Metric(value) : "-";

    private static string Values(IReadOnlyDictionary<string, double> values, string prefix) =>
        string.Concat(values.Select(pair => $" {prefix}{pair.Key}={Format.Metric(pair.Value)}"));
}
