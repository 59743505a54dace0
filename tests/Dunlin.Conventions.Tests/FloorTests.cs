using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Dunlin.Conventions.Tests;

public partial class FloorTests
{
    private const int Top = 4;

    /// <summary>A project stands on lower floors only. Dunlin.Testing is for users' tests: like a tool, nothing here may stand on it.</summary>
    private static readonly Dictionary<string, int> Floors = new()
    {
        ["Dunlin.Tensors"] = 0,
        ["Dunlin.Graphs"] = 1,
        ["Dunlin.Communication"] = 1,
        ["Dunlin.Training"] = 2,
        ["Dunlin.Models"] = 3,
        ["Dunlin.Strategies"] = 3,
        ["Dunlin.Testing"] = Top,
        ["Dunlin.Dashboard"] = Top,
        ["Dunlin.Cli"] = Top,
    };

    public static TheoryData<string> Projects =>
        [.. Directory.EnumerateFiles(Path.Combine(House.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Name).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Projects))]
    public void Projects_reference_lower_floors_only(string project)
    {
        Assert.True(Floors.TryGetValue(project, out var floor), $"{project} has no floor yet: give it one here.");
        var references = XDocument.Parse(House.Read($"src/{project}/{project}.csproj")).Descendants("ProjectReference").Select(r => Name(r.Attribute("Include")!.Value));
        House.AssertNone(references.Where(r => !Floors.TryGetValue(r, out var lower) || lower >= floor), $"{project} on floor {floor} looks up or sideways to:");
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = House.Read("Dunlin.slnx");
        var projects = new[] { "src", "samples", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(House.Root, folder), "*.csproj", SearchOption.AllDirectories)).Select(House.Relative);
        House.AssertNone(projects.Where(p => !solution.Contains($"\"{p}\"", StringComparison.Ordinal)), "Not in Dunlin.slnx:");
    }

    [Fact]
    public void Strategies_do_not_know_each_other()
    {
        var files = House.Sources("src/Dunlin.Strategies").Where(f => House.Relative(f).Count(c => c == '/') > 2)
            .Select(f => (Path: House.Relative(f), Folder: House.Relative(f).Split('/')[2], Code: Comment().Replace(File.ReadAllText(f), ""))).ToArray();
        var types = files.ToLookup(f => f.Folder, f => TopLevelType().Matches(f.Code).Select(m => m.Groups[1].Value));
        Assert.NotEmpty(types);
        var offenders =
            from file in files
            let own = types[file.Folder].SelectMany(t => t).ToHashSet()
            from other in types
            where other.Key != file.Folder
            from type in other.SelectMany(t => t)
            where !own.Contains(type) && Regex.IsMatch(file.Code, $@"\b{type}\b")
            select $"{file.Path} mentions {type} of {other.Key}";
        House.AssertNone(offenders, "Strategies stand on Training, Graphs and Communication, not on each other:");
    }

    private static string Name(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    /// <summary>In a file-scoped namespace, types that are not nested begin at the margin.</summary>
    [GeneratedRegex(@"^(?:public|internal)[a-z ]* (?:class|record struct|record|struct|interface|enum|delegate \S+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();
}
