using System.Globalization;
using System.Text.Json.Nodes;

namespace Dunlin.Cli.Configuration;

/// <summary>
/// Reads one group of the configuration. What is read is what is known: <see cref="Close"/> refuses every key that nobody has asked
/// for, and <see cref="Resolved"/> and <see cref="Sources"/> hold every value that was asked for, defaults included.
/// </summary>
internal sealed class Section
{
    /// <summary>The source of what nobody has set.</summary>
    public const string Default = "default";

    private readonly Group _group;
    private readonly string _path;
    private readonly List<string> _known = [];
    private readonly Setting? _shorthand;
    private bool _shorthandTaken;

    /// <summary>The whole configuration.</summary>
    public Section(Group root) : this(root, "", null, []) { }

    private Section(Group group, string path, Setting? shorthand, Dictionary<string, string> sources) =>
        (_group, _path, _shorthand, Sources) = (group, path, shorthand, sources);

    /// <summary>All values that were read, with those that nobody set.</summary>
    public JsonObject Resolved { get; } = [];

    /// <summary>Where each value comes from, by its path from the root.</summary>
    public Dictionary<string, string> Sources { get; }

    /// <summary>A whole number.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="fallback">The value where none is set; null if one must be.</param>
    /// <param name="least">The least value allowed.</param>
    public int Int(string key, int? fallback = null, int least = 1) => (int)Long(key, fallback, least, int.MaxValue);

    /// <summary>A whole number that may be large, within bounds.</summary>
    public long Long(string key, long? fallback = null, long least = 1, long most = long.MaxValue)
    {
        if (Read(key) is not { } leaf) return Note(key, fallback ?? throw Missing(key));
        return long.TryParse(leaf.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? Note(key, value, leaf.Source)
            : throw Unfit(key, leaf, most >= int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}");
    }

    /// <summary>A whole number, or null where none is set.</summary>
    public long? OptionalLong(string key, long least = 1, long most = long.MaxValue) => Read(key) is null ? Note<long?>(key, null) : Long(key, null, least, most);

    /// <summary>A number.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="fallback">The value where none is set; null if one must be.</param>
    /// <param name="least">The least value allowed.</param>
    /// <param name="most">The greatest value allowed.</param>
    public double Number(string key, double? fallback = null, double least = 0, double most = double.MaxValue)
    {
        if (Read(key) is not { } leaf) return Note(key, fallback ?? throw Missing(key));
        var range = most == double.MaxValue ? $"of at least {least}" : $"from {least} to {most}";
        return double.TryParse(leaf.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? Note(key, value, leaf.Source)
            : throw Unfit(key, leaf, $"a number {range}");
    }

    /// <summary>A number, or null where none is set.</summary>
    public double? OptionalNumber(string key, double least = 0) => Read(key) is null ? Note<double?>(key, null) : Number(key, null, least);

    /// <summary>Whole numbers; a single one counts as a list of it.</summary>
    /// <param name="key">Their key.</param>
    /// <param name="fallback">The numbers where none are set; null if they must be.</param>
    /// <param name="least">The least value allowed.</param>
    public IReadOnlyList<int> Ints(string key, IReadOnlyList<int>? fallback = null, int least = 1)
    {
        var setting = Find(key);
        if (setting is null or Leaf { Text: null }) return Note(key, fallback ?? throw Missing(key));
        var numbers = (setting is Items list ? list.Values : [setting]).Select(item => item is Leaf leaf
            && int.TryParse(leaf.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
                ? value
                : throw Unfit(key, item, $"whole numbers of at least {least}")).ToArray();
        return numbers.Length > 0 ? Note(key, numbers, setting.Source) : throw Unfit(key, setting, "at least one number");
    }

    /// <summary>Whole numbers as <see cref="Ints"/>, or null where neither they nor a fallback are set.</summary>
    public IReadOnlyList<int>? OptionalInts(string key, IReadOnlyList<int>? fallback) =>
        fallback is null && Find(key) is null or Leaf { Text: null } ? Note<IReadOnlyList<int>?>(key, null) : Ints(key, fallback);

    /// <summary>True or false.</summary>
    public bool Flag(string key, bool fallback)
    {
        if (Read(key) is not { } leaf) return Note(key, fallback);
        return bool.TryParse(leaf.Text, out var value) ? Note(key, value, leaf.Source) : throw Unfit(key, leaf, "true or false");
    }

    /// <summary>Text, or the fallback where none is set.</summary>
    public string? Text(string key, string? fallback = null) => Read(key) is { Text: { Length: > 0 } text } leaf ? Note(key, text, leaf.Source) : Note(key, fallback);

    /// <summary>A part of the configuration that has keys of its own, closed after reading.</summary>
    public T Child<T>(string key, Func<Section, T> read)
    {
        var group = Find(key) switch
        {
            null => new Group(Default),
            Group given => given,
            var other => throw Unfit(key, other, "an object with keys"),
        };
        return Nested(key, group, null, read);
    }

    /// <summary>An error about a value that was read but can't be used, in the words of the other errors.</summary>
    public ConfigurationException Refuse(string key, string expected) => Unfit(key, Find(key) ?? new Leaf(null, Default), expected);

    /// <summary>One of several variants, by its name, with options of its own.</summary>
    /// <param name="key">The key.</param>
    /// <param name="catalogue">The variants.</param>
    /// <param name="fallback">The name of the one that is taken where none is set; null if one must be.</param>
    public T Choose<T>(string key, Catalogue<T> catalogue, string? fallback = null)
    {
        var setting = Find(key) ?? (fallback is null ? throw Missing(key) : new Leaf(fallback, Default));
        if (setting is Group { Variant: null } group && fallback is not null)
            setting = new Group(group.Source, [(Group.Name, new Leaf(fallback, Default)), .. group.Values]);
        return Choose(key, setting, catalogue, node => Resolved[key] = node);
    }

    /// <summary>A list of variants.</summary>
    public IReadOnlyList<T> ChooseMany<T>(string key, Catalogue<T> catalogue)
    {
        var nodes = new JsonArray();
        var result = new List<T>();
        var items = Find(key) switch
        {
            null or Leaf { Text: null } => [],
            Items list => list.Values,
            var one => [one],
        };
        foreach (var item in items) result.Add(Choose($"{key}[{result.Count}]", item, catalogue, nodes.Add));
        Resolved[key] = nodes;
        return result;
    }

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ConfigurationException">A key is left that nobody has asked for.</exception>
    public void Close()
    {
        if (_shorthand is not null && !_shorthandTaken) throw new ConfigurationException($"{_shorthand.Source}: \"{_path}\" has no options, so it can't be given a value.");
        var known = _known.Select(Group.Normal).ToHashSet();
        foreach (var (key, value) in _group.Values)
            if (!known.Contains(Group.Normal(key)))
                throw new ConfigurationException($"{value.Source}: unknown key \"{PathOf(key)}\"; {Nearest.Hint(key, _known)}");
    }

    private T Choose<T>(string key, Setting setting, Catalogue<T> catalogue, Action<JsonNode> keep)
    {
        var (name, options, shorthand) = Variant.Of(setting) ?? throw Unfit(key, setting, $"the name of {catalogue.What}, or an object with one");
        var build = catalogue.Find(name) ?? throw new ConfigurationException(
            $"{setting.Source}: \"{PathOf(key)}\": there is no {catalogue.What} \"{name}\"; {Nearest.Hint(name, catalogue.Names)}");
        var section = new Section(options, PathOf(key), shorthand, Sources);
        section._known.Add(Group.Name);
        section.Note(Group.Name, catalogue.Spelling(name), (options[Group.Name] ?? setting).Source);
        keep(section.Resolved);
        return section.Run(build);
    }

    private T Nested<T>(string key, Group group, Setting? shorthand, Func<Section, T> read)
    {
        var section = new Section(group, PathOf(key), shorthand, Sources);
        Resolved[key] = section.Resolved;
        return section.Run(read);
    }

    private T Run<T>(Func<Section, T> read)
    {
        T result;
        try
        {
            result = read(this);
        }
        catch (InvalidValueException e)
        {
            // What the sections' own ranges let through and the library refuses.
            throw new ConfigurationException($"{_group.Source}: \"{_path}\": {e.Message}", e);
        }
        Close();
        return result;
    }

    private Leaf? Read(string key)
    {
        var setting = Find(key);
        return setting is null or Leaf { Text: null } ? null : setting as Leaf ?? throw Unfit(key, setting, "a single value");
    }

    private Setting? Find(string key)
    {
        if (!_known.Contains(key)) _known.Add(key);
        if (_group[key] is { } setting) return setting;
        // {"dense": 10} means {"dense": {"units": 10}}: the value is the first option's, after the name.
        if (_shorthand is null || _known[1] != key) return null;
        _shorthandTaken = true;
        return _shorthand;
    }

    private IReadOnlyList<int> Note(string key, IReadOnlyList<int> values, string source = Default)
    {
        Resolved[key] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]);
        Sources[PathOf(key)] = source;
        return values;
    }

    private T Note<T>(string key, T value, string source = Default)
    {
        Resolved[key] = JsonValue.Create(value);
        Sources[PathOf(key)] = source;
        return value;
    }

    private string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private ConfigurationException Missing(string key)
    {
        var near = Nearest.Find(key, _group.Values.Select(value => value.Key));
        return new($"{_group.Source}: the key \"{PathOf(key)}\" is missing{(near is null ? "" : $"; was \"{near}\" meant to be it?")}{(near is null ? "." : "")}");
    }

    private ConfigurationException Unfit(string key, Setting setting, string expected) =>
        new($"{setting.Source}: \"{PathOf(key)}\" must be {expected}, got {setting switch
        {
            Leaf { Text: null } => "null",
            Leaf leaf => $"\"{leaf.Text}\"",
            Items => "a list",
            _ => "an object",
        }}.");
}
