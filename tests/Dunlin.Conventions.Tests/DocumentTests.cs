using System.Text.RegularExpressions;

namespace Dunlin.Conventions.Tests;

public partial class DocumentTests
{
    private static readonly string[] Headings = ["Context", "Decision", "Measured", "What follows"];

    private static readonly string[] Files =
        [.. Directory.EnumerateFiles(Path.Combine(House.Root, "docs/decisions"), "*.md").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Decisions => [.. Files];

    [Theory, MemberData(nameof(Decisions))]
    public void Decisions_say_why_what_how_measured_and_what_follows(string file)
    {
        var text = House.Read($"docs/decisions/{file}");
        Assert.StartsWith($"# {file[..4]}: ", text, StringComparison.Ordinal);
        Assert.Equal(Headings, Heading().Matches(text).Select(m => m.Groups[1].Value).ToList());
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps()
    {
        var numbers = Files.Select(file => NumberedName().Match(file) is { Success: true } m ? m.Groups[1].Value : file);
        Assert.Equal(Enumerable.Range(1, Files.Length).Select(n => n.ToString("0000")), numbers);
    }

    [Theory]
    [InlineData("README.md", "FirstProgram/Program.cs")]
    [InlineData("docs/own-parts.md", "OwnParts/Gate.cs")]
    [InlineData("docs/own-parts.md", "OwnParts/OwnGraph.cs")]
    [InlineData("docs/own-parts.md", "OwnParts/Signs.cs")]
    [InlineData("docs/control-flow.md", "OwnParts/Loops.cs")]
    [InlineData("docs/differentiation.md", "OwnParts/Derivatives.cs")]
    [InlineData("docs/optimizers.md", "OwnParts/ScaleByBelief.cs")]
    [InlineData("docs/recurrent.md", "LanguageModel/Tagger.cs")]
    public void Documents_show_samples_as_they_are(string document, string sample) =>
        Assert.Contains($"```csharp\n{House.Read($"samples/{sample}")}```", House.Read(document), StringComparison.Ordinal);

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        var documents = Directory.EnumerateFiles(Path.Combine(House.Root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(House.Root, "README.md"));
        var offenders =
            from document in documents
            from match in Link().Matches(File.ReadAllText(document))
            let target = match.Groups[1].Value
            where !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, target))
            select $"{House.Relative(document)}: {target}";
        House.AssertNone(offenders, "Links that lead nowhere:");
    }

    [GeneratedRegex("^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^(\d{4})-[a-z0-9-]+\.md$")]
    private static partial Regex NumberedName();

    /// <summary>The path of a Markdown link, without its anchor.</summary>
    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
