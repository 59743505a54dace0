using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>What an experiment has found.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Text">How it was made, and its tables, in Markdown.</param>
/// <param name="Charts">The same as pictures.</param>
public sealed record Report(string Title, string Text, IReadOnlyList<Chart> Charts)
{
    /// <summary>Writes NAME.md and NAME.svg.</summary>
    public void Write(string name, string directory, TextWriter console)
    {
        Directory.CreateDirectory(directory);
        Dunlin.Training.Reports.Charts.Write(Path.Combine(directory, $"{name}.svg"), Title, Charts);
        var page = $"# {Title}\n\n{Text.Trim()}\n\n![{Title}]({name}.svg)\n";
        File.WriteAllText(Path.Combine(directory, $"{name}.md"), page);
        console.Write(page);
    }

    /// <summary>A table in Markdown.</summary>
    public static string Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows) =>
        string.Join('\n', [Row(heads), Row([.. heads.Select((_, i) => i == 0 ? "---" : "---:")]), .. rows.Select(Row)]) + "\n";

    private static string Row(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells)} |";
}
