namespace Dunlin.Cli.Configuration;

/// <summary>The variants of something that a configuration chooses by name.</summary>
/// <param name="what">What they are, such as "optimizer".</param>
/// <param name="variants">Each one's name, and how it is built from its options.</param>
internal sealed class Catalogue<T>(string what, params IReadOnlyList<(string Name, Func<Section, T> Build)> variants)
{
    private readonly Dictionary<string, (string Name, Func<Section, T> Build)> _byName = variants.ToDictionary(variant => Group.Normal(variant.Name));

    /// <summary>What the variants are, for errors.</summary>
    public string What { get; } = what;

    /// <summary>All names, as they are spelt best.</summary>
    public IEnumerable<string> Names => variants.Select(variant => variant.Name);

    /// <summary>How to build the variant of the given name, or null.</summary>
    public Func<Section, T>? Find(string name) => _byName.TryGetValue(Group.Normal(name), out var found) ? found.Build : null;

    /// <summary>The best spelling of a name that <see cref="Find"/> finds.</summary>
    public string Spelling(string name) => _byName[Group.Normal(name)].Name;
}

/// <summary>The ways to write a variant: <c>"relu"</c>, <c>{"dense": 10}</c>, <c>{"dense": {"units": 10}}</c>, <c>{"name": "dense", "units": 10}</c>.</summary>
internal static class Variant
{
    /// <summary>Name, options and the value without a key; null where the setting is none of these.</summary>
    public static (string Name, Group Options, Setting? Shorthand)? Of(Setting setting) => setting switch
    {
        Leaf { Text: { Length: > 0 } name } => (name, new Group(setting.Source), null),
        Group { Variant: { Length: > 0 } name } group => (name, group, null),
        Group { Count: 1 } group => group.Values.First() is var (name, value) && value is Group options
            ? (name, options, null)
            : (group.Values.First().Key, new Group(setting.Source), group.Values.First().Value is Leaf { Text: null } ? null : group.Values.First().Value),
        _ => null,
    };

    /// <summary>The same with its name as a key, so that variants of different sources can be merged.</summary>
    /// <param name="setting">As written.</param>
    /// <param name="listName">The variant that a bare list stands for, and the key that holds the list; null where it stands for none.</param>
    public static Setting Normalize(Setting setting, (string Name, string Key)? listName) => setting switch
    {
        Leaf { Text: not null } leaf => new Group(setting.Source, [(Group.Name, leaf)]) { IsVariant = true },
        Items items when listName is var (name, key) => new Group(setting.Source, (Group.Name, new Leaf(name, setting.Source)), (key, items)) { IsVariant = true },
        Group { Variant: null, Count: 1 } group when group.Values.First() is var (name, value) && value is Group options =>
            new Group(setting.Source, [(Group.Name, new Leaf(name, setting.Source)), .. options.Values]) { IsVariant = true },
        Group group => new Group(setting.Source, group.Values) { IsVariant = true },
        _ => setting,
    };
}
