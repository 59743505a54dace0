using System.Globalization;

namespace Dunlin.Cli.Configuration;

/// <summary>A value of the configuration before it is known what it must be, with the place where it was said.</summary>
/// <param name="Source">A file, an environment variable, an option or a recipe, as users know it.</param>
internal abstract record Setting(string Source);

/// <summary>A single value. Environment variables and options have only text, so numbers and truth values are text here too.</summary>
/// <param name="Text">As written; null for JSON's null.</param>
/// <param name="Source">Where it was said.</param>
internal sealed record Leaf(string? Text, string Source) : Setting(Source);

/// <summary>A list. It is replaced as a whole by a later source's.</summary>
internal sealed record Items(IReadOnlyList<Setting> Values, string Source) : Setting(Source);

/// <summary>Values by key. Keys that differ only in case, hyphens and underscores are the same key.</summary>
internal sealed record Group : Setting
{
    /// <summary>The key under which a variant says which one it is.</summary>
    public const string Name = "name";

    private readonly Dictionary<string, (string Key, Setting Value)> _values = [];

    public Group(string source, params IEnumerable<(string Key, Setting Value)> values) : base(source)
    {
        foreach (var (key, value) in values)
            if (!_values.TryAdd(Normal(key), (key, value)))
                throw new ConfigurationException($"{source}: the key \"{key}\" occurs twice.");
    }

    /// <summary>Keys as written, in the order of the source.</summary>
    public IEnumerable<(string Key, Setting Value)> Values => _values.Values;

    public int Count => _values.Count;

    public Setting? this[string key] => _values.TryGetValue(Normal(key), out var found) ? found.Value : null;

    /// <summary>The variant's name, or null where the group does not say.</summary>
    public string? Variant => (this[Name] as Leaf)?.Text;

    /// <summary>What makes two keys, or two names of variants, the same.</summary>
    public static string Normal(string key) => key.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLower(CultureInfo.InvariantCulture);

    /// <summary>Whether the group is one of several variants, each with keys of its own.</summary>
    public bool IsVariant { get; init; }

    /// <summary>This group with another's values over it. Where both name variants and differ, nothing of the lower one stays.</summary>
    public Group Under(Group higher)
    {
        if (higher is { IsVariant: true, Variant: { } name } && Variant is { } own && Normal(own) != Normal(name)) return higher;
        var merged = _values.ToDictionary();
        foreach (var (key, value) in higher.Values)
            merged[Normal(key)] = (key, value is Group above && this[key] is Group below ? below.Under(above) : value);
        return new Group(higher.Source, merged.Values) { IsVariant = IsVariant || higher.IsVariant };
    }
}
