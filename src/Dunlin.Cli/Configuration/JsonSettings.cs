using System.Text.Json;

namespace Dunlin.Cli.Configuration;

/// <summary>Reads settings from JSON with comments and trailing commas. Keys that begin with <c>$</c> are notes for other tools.</summary>
internal static class JsonSettings
{
    private const long LargestFile = 16 << 20;

    private static readonly JsonDocumentOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Reads a file; its path as given is the settings' source.</summary>
    /// <exception cref="ConfigurationException">It can't be read, or is not a JSON object.</exception>
    public static Group Load(string path, string source)
    {
        try
        {
            if (new FileInfo(path).Length > LargestFile) throw new ConfigurationException($"{source}: a configuration has at most {LargestFile:N0} bytes.");
            return Parse(File.ReadAllText(path), source);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{source}: can't be read: {e.Message}", e);
        }
    }

    public static Group Parse(string json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Options);
            return Convert(document.RootElement, source) as Group ?? throw new ConfigurationException($"{source}: expected a JSON object in braces.");
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"{source}: {(e.LineNumber is { } line ? $"line {line + 1}: " : "")}is not JSON: {e.Message}", e);
        }
    }

    private static Setting Convert(JsonElement element, string source) => element.ValueKind switch
    {
        JsonValueKind.Object => new Group(source, element.EnumerateObject().Where(p => !p.Name.StartsWith('$')).Select(p => (p.Name, Convert(p.Value, source)))),
        JsonValueKind.Array => new Items([.. element.EnumerateArray().Select(item => Convert(item, source))], source),
        JsonValueKind.Null => new Leaf(null, source),
        JsonValueKind.String => new Leaf(element.GetString(), source),
        _ => new Leaf(element.GetRawText(), source),
    };
}
