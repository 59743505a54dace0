using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dunlin.Cli.Configuration;

/// <summary>
/// <c>config.resolved.json</c>: every value that a run was started with, and under <c>$sources</c> where each was said. It is a
/// configuration itself: the same run can be started from it.
/// </summary>
internal static class ResolvedFile
{
    public const string Name = "config.resolved.json";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file's text.</summary>
    public static string Text(Section root)
    {
        var all = (JsonObject)root.Resolved.DeepClone();
        all["$sources"] = new JsonObject(root.Sources.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, JsonValue.Create(pair.Value))));
        return all.ToJsonString(Readable) + "\n";
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="DunlinException">The directory can't be written.</exception>
    public static void Write(string directory, Section root)
    {
        try
        {
            Directory.CreateDirectory(directory);
            var path = Path.Combine(directory, Name);
            File.WriteAllText(path + ".tmp", Text(root));
            File.Move(path + ".tmp", path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The run directory {directory} can't be written: {e.Message} Choose another by --run.", e);
        }
    }
}
