using System.Text.RegularExpressions;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>Where in the repository operations and methods are written: the folder under Ops is the family.</summary>
internal static partial class SourceFolders
{
    public static string Root { get; } = FindRoot();

    private static readonly Dictionary<string, string> Families = Find();

    /// <summary>The family of an operation, a member of a table, or a method; "Other" where it is written elsewhere.</summary>
    public static string FamilyOf(string name) => Families.GetValueOrDefault(name, "Other");

    private static Dictionary<string, string> Find()
    {
        var folder = Path.Combine(Root, "src/Dunlin.Graphs/Ops");
        var families = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            foreach (Match match in Declaration().Matches(File.ReadAllText(file)))
                families.TryAdd(match.Groups[1].Value, Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar)[0]);
        return families;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Dunlin.slnx"))) return folder.FullName;
        throw new DunlinException($"No Dunlin.slnx above {AppContext.BaseDirectory}.");
    }

    /// <summary>A record's, a table member's or an extension method's name.</summary>
    [GeneratedRegex(@"^(?:(?:public|internal) (?:sealed )?(?:partial )?record | +public static readonly \w+ (?=\w+ =)| +public static (?:\([^)]*\)|[\w<>]+) (?=\w+\())(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
