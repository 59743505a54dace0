namespace Dunlin.Cli.Configuration;

/// <summary>
/// Joins the sources of a configuration: options over <c>DUNLIN__Section__Key</c> over the file given over
/// <c>appsettings.{Environment}.json</c> over <c>appsettings.json</c> over the recipe.
/// </summary>
internal static class ConfigurationSources
{
    private const string Prefix = "DUNLIN__", AppSettings = "appsettings";

    /// <summary>The sections that are one of several variants. A bare list as the model is a chain of layers.</summary>
    private static readonly string[] Variants = ["data", "model", "loss", "optimizer", "schedule", "strategy"];

    /// <summary>Joins everything that is said for this process.</summary>
    /// <param name="host">Environment and directory.</param>
    /// <param name="subject">A recipe's name or a file; null where the other sources say everything.</param>
    /// <param name="configFile">The file of <c>--config</c>, or null.</param>
    /// <param name="options">Paths such as <c>training.epochs</c>, and values, with the option that says it.</param>
    /// <exception cref="ConfigurationException">A source can't be read.</exception>
    public static Group Join(CliHost host, string? subject, string? configFile, IEnumerable<(string Path, string Value, string Source)> options)
    {
        var environment = host.Variable("DOTNET_ENVIRONMENT") ?? "Production";
        var layers = new List<Group>();
        var file = subject is null ? null : FileOf(host, subject);
        if (subject is not null && file is null) layers.Add(Recipe.Load(subject));
        layers.AddRange(FromAppSettings(host, $"{AppSettings}.json"));
        layers.AddRange(FromAppSettings(host, $"{AppSettings}.{environment}.json"));
        if (file is not null) layers.Add(JsonSettings.Load(file, subject!));
        if (configFile is not null) layers.Add(JsonSettings.Load(host.Resolve(configFile), configFile));
        layers.Add(Together("environment", host.Environment.Where(pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => At(pair.Key[Prefix.Length..].Split("__"), pair.Value, pair.Key))));
        layers.Add(FromOptions(options));
        // From the top: an option that goes with any variant stays, whichever variant a source above it names.
        return layers.Select(Normalize).Reverse().Aggregate((high, low) => low.Under(high));
    }

    /// <summary>Joins what a run has written about itself with options alone: neither today's environment nor other files change what it was.</summary>
    /// <inheritdoc cref="Join" path="/exception"/>
    public static Group JoinRun(string run, IEnumerable<(string Path, string Value, string Source)> options) =>
        Normalize(JsonSettings.Load(Path.Combine(run, ResolvedFile.Name), Path.Combine(run, ResolvedFile.Name))).Under(Normalize(FromOptions(options)));

    /// <summary>A file where there is one or where the name looks like one; a recipe's name has neither dot nor slash.</summary>
    private static string? FileOf(CliHost host, string subject)
    {
        var path = host.Resolve(subject);
        return File.Exists(path) || subject.AsSpan().ContainsAny('.', '/', '\\') ? path : null;
    }

    /// <summary>The section <c>Dunlin</c> of a file that belongs to the whole application; nothing where there is none.</summary>
    private static IEnumerable<Group> FromAppSettings(CliHost host, string name)
    {
        var path = host.Resolve(name);
        if (!File.Exists(path)) yield break;
        if (JsonSettings.Load(path, name)["Dunlin"] is { } section)
            yield return section as Group ?? throw new ConfigurationException($"{name}: \"Dunlin\" must be an object with keys.");
    }

    private static Group FromOptions(IEnumerable<(string Path, string Value, string Source)> options) =>
        Together("options", options.Select(option => At(option.Path.Split('.'), option.Value, option.Source)));

    /// <summary>Values of one source, whose order says nothing.</summary>
    private static Group Together(string source, IEnumerable<Group> values) => values.Aggregate(new Group(source), (one, other) => one.Under(other));

    /// <summary>One value under its path.</summary>
    private static Group At(string[] path, string value, string source)
    {
        if (path.Any(string.IsNullOrEmpty)) throw new ConfigurationException($"{source}: expected a section and a key, as in {Prefix}Training__Epochs or training.epochs.");
        Setting setting = value.StartsWith('{') || value.StartsWith('[')
            ? JsonSettings.Parse($$"""{"value":{{value}}}""", source)["value"]!
            : new Leaf(value, source);
        for (var i = path.Length - 1; i >= 0; i--) setting = new Group(source, (path[i], setting));
        return (Group)setting;
    }

    private static Group Normalize(Group layer) => new(layer.Source, layer.Values.Select(value =>
        Variants.Contains(Group.Normal(value.Key))
            ? (value.Key, Variant.Normalize(value.Value, Group.Normal(value.Key) == "model" ? ("sequential", "layers") : null))
            : value));
}
