using System.Text.RegularExpressions;

namespace Dunlin.Conventions.Tests;

public partial class SourceTests
{
    private const int MaxLines = 500;

    [Fact]
    public void Files_stay_small_enough_to_be_read_at_once()
    {
        var offenders = new[] { "src", "samples", "tests", "bench" }.SelectMany(House.Sources).Select(f => (Path: House.Relative(f), Lines: File.ReadLines(f).Count()));
        House.AssertNone(offenders.Where(f => f.Lines > MaxLines).Select(f => $"{f.Path}: {f.Lines} lines"), $"Longer than {MaxLines} lines:");
    }

    [Fact]
    public void Files_have_one_file_scoped_namespace()
    {
        var offenders = House.Sources("src").Where(f => Path.GetFileName(f) != "GlobalUsings.cs")
            .Where(f => Namespace().Matches(File.ReadAllText(f)) is not [{ Groups: [_, { Value: ";" }] }]);
        // A program's top-level statements have no namespace.
        House.AssertNone(offenders.Where(f => Path.GetFileName(f) != "Program.cs").Select(House.Relative), "Without exactly one `namespace X;`:");
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        var offenders =
            from file in House.Sources("src")
            from line in File.ReadLines(file).Index()
            where Unfinished().IsMatch(line.Item)
            select $"{House.Relative(file)}:{line.Index + 1}: {line.Item.Trim()}";
        House.AssertNone(offenders, "Stubs, notes to self and sleeps:");
    }

    /// <summary>Decision 0009: .NET's own argument exceptions name a parameter, which is nothing that a user knows, and no range.</summary>
    [Fact]
    public void Values_that_users_give_are_refused_by_Require()
    {
        var offenders =
            from file in House.Sources("src")
            from line in File.ReadLines(file).Index()
            where ArgumentError().IsMatch(line.Item)
            select $"{House.Relative(file)}:{line.Index + 1}: {line.Item.Trim()}";
        House.AssertNone(offenders, "Use Require, or throw a DunlinException that says what, got and allowed:");
    }

    [GeneratedRegex(@"\bArgument(OutOfRange|Null)?Exception\b")]
    private static partial Regex ArgumentError();

    [GeneratedRegex(@"^namespace [\w.]+\s*?(;|$)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(NotImplementedException|TODO|FIXME|HACK|XXX)\b|\bThread\.Sleep\b")]
    private static partial Regex Unfinished();
}
