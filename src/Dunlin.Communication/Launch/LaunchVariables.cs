namespace Dunlin.Communication;

/// <summary>Variables, with the two that options may replace, read as checked numbers.</summary>
internal sealed class LaunchVariables(IReadOnlyDictionary<string, string> environment, LaunchOptions options)
{
    public string? Get(string name) => name switch
    {
        "DUNLIN_RANK" when options.Rank is { Length: > 0 } rank => rank,
        "DUNLIN_WORLD_SIZE" when options.WorldSize is { Length: > 0 } size => size,
        _ => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null,
    };

    /// <summary>How the user knows the variable: by its option where that gave the value or could have.</summary>
    public string Name(string name) => name switch
    {
        "DUNLIN_RANK" => options.Rank is { Length: > 0 } ? "--rank" : name,
        "DUNLIN_WORLD_SIZE" => options.WorldSize is { Length: > 0 } ? "--world-size" : name,
        _ => name,
    };

    /// <summary>A variable's value, or null where it has none.</summary>
    public int? Number(string? name, int least, int most, bool firstOfList = false)
    {
        if (name is null || Get(name) is not { } text) return null;
        var digits = firstOfList ? text.Split(',')[0].Trim() : text;
        return int.TryParse(digits, System.Globalization.NumberStyles.None, null, out var value) && value >= least && value <= most
            ? value
            : throw new LaunchException($"{Name(name)}={text}: expected a whole number {(most == int.MaxValue ? $"of at least {least}" : $"from {least} to {most}")}.");
    }
}
