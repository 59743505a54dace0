namespace Dunlin.Conventions.Tests;

/// <summary>The repository as files.</summary>
internal static class House
{
    public static string Root { get; } = FindRoot();

    /// <summary>The source files under a folder of the repository, without what builds put there.</summary>
    public static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !Relative(file).Split('/').Intersect(["bin", "obj"]).Any())
        .Order(StringComparer.Ordinal);

    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative)).ReplaceLineEndings("\n");

    /// <summary>Fails with all offenders at once.</summary>
    public static void AssertNone(IEnumerable<string> offenders, string rule) =>
        Assert.True(!offenders.Any(), $"{rule}\n{string.Join('\n', offenders)}");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Dunlin.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Dunlin.slnx.");
    }
}
