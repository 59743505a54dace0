using System.Reflection;

namespace Dunlin.Cli.Configuration;

/// <summary>The configurations that come with the command.</summary>
internal static class Recipe
{
    private const string Extension = ".json";

    private static readonly Assembly Home = typeof(Recipe).Assembly;

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Home.GetManifestResourceNames().Where(name => name.EndsWith(Extension, StringComparison.Ordinal)).Select(name => name[..^Extension.Length]).Order()];

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="ConfigurationException">There is none of this name.</exception>
    public static Group Load(string name)
    {
        var known = Names.FirstOrDefault(candidate => Group.Normal(candidate) == Group.Normal(name))
            ?? throw new ConfigurationException($"There is neither a file nor a recipe \"{name}\"; {Nearest.Hint(name, Names)}");
        using var stream = Home.GetManifestResourceStream(known + Extension)!;
        using var reader = new StreamReader(stream);
        return JsonSettings.Parse(reader.ReadToEnd(), $"recipe {known}");
    }
}
