using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dunlin.Training.Checkpoints;

/// <summary>Tells a complete checkpoint from the rest.</summary>
internal static class CheckpointVerifier
{
    public const string ManifestName = "manifest.json", StateName = "state.json";

    private const long LargestJson = 16 << 20;

    /// <summary>Reads a checkpoint's state after comparing every file with the manifest.</summary>
    /// <exception cref="CheckpointException">A file is missing or not what the manifest says; the message says which.</exception>
    public static CheckpointState Verify(string directory, long step)
    {
        var manifest = ReadJson(directory, ManifestName, CheckpointJson.Default.CheckpointManifest);
        if (manifest.Files.All(file => file.Name != StateName)) throw new CheckpointException($"{directory}: the manifest lacks {StateName}");
        foreach (var file in manifest.Files) VerifyFile(directory, file);
        var state = ReadJson(directory, StateName, CheckpointJson.Default.CheckpointState);
        return state.Step == step ? state : throw new CheckpointException($"{directory}: {StateName} is of step {state.Step}, not {step}");
    }

    /// <summary>Compares one file of a checkpoint, and of an index the files behind it, with the manifest beside it, if there is one that names them.</summary>
    /// <exception cref="CheckpointException">The file is not what the manifest says, or the manifest can't be read.</exception>
    public static void VerifyBeside(string path)
    {
        var (directory, name) = (Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        if (!File.Exists(Path.Combine(directory, ManifestName))) return;
        var manifest = ReadJson(directory, ManifestName, CheckpointJson.Default.CheckpointManifest);
        var parts = name.EndsWith(Checkpoint.IndexExtension, StringComparison.Ordinal) ? name[..^Checkpoint.IndexExtension.Length] + "-" : null;
        foreach (var file in manifest.Files.Where(file => file.Name == name || (parts is not null && file.Name.StartsWith(parts, StringComparison.Ordinal)))) VerifyFile(directory, file);
    }

    /// <summary>Reads a checkpoint's state as it is.</summary>
    /// <exception cref="CheckpointException">It can't be read.</exception>
    public static CheckpointState ReadState(string directory) => ReadJson(directory, StateName, CheckpointJson.Default.CheckpointState);

    private static void VerifyFile(string directory, ManifestFile file)
    {
        if (Path.GetFileName(file.Name) != file.Name || file.Name is "" or "." or "..")
            throw new CheckpointException($"{directory}: the manifest names \"{file.Name}\", which is no plain file name");
        try
        {
            using var stream = File.OpenRead(Path.Combine(directory, file.Name));
            if (stream.Length != file.Length)
                throw new CheckpointException($"{directory}: {file.Name} has {stream.Length} bytes, the manifest says {file.Length}");
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != file.Sha256)
                throw new CheckpointException($"{directory}: {file.Name} differs from what was written: its SHA-256 is not the manifest's");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{directory}: {file.Name} can't be read: {e.Message}", e);
        }
    }

    private static T ReadJson<T>(string directory, string name, JsonTypeInfo<T> type)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(directory, name));
            if (stream.Length > LargestJson) throw new CheckpointException($"{directory}: {name} has {stream.Length:N0} bytes, more than {LargestJson:N0}");
            return JsonSerializer.Deserialize(stream, type) ?? throw new CheckpointException($"{directory}: {name} is null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CheckpointException($"{directory}: {name} can't be read: {e.Message}", e);
        }
    }
}
