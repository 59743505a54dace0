using System.IO.Compression;
using System.Text.Json;

namespace Dunlin.Graphs.Profiling;

/// <summary>Several ranks' traces as one, on rank 0's clock.</summary>
public static class TraceMerge
{
    /// <summary>No file is longer than this, once it is no longer compressed.</summary>
    private const long MostBytes = 1L << 30;

    /// <summary>Writes one trace of those of several ranks.</summary>
    /// <param name="files">What <see cref="TraceFile"/> wrote, each of another rank.</param>
    /// <param name="path">The result; compressed if its name ends in <c>.gz</c>.</param>
    /// <returns>The ranks in order.</returns>
    /// <exception cref="DunlinException">A file is not there or no such trace, or two are of one rank; the message names it. Nothing is written then.</exception>
    public static IReadOnlyList<int> Write(IReadOnlyList<string> files, string path)
    {
        var traces = new SortedDictionary<int, (string File, JsonDocument Json)>();
        try
        {
            foreach (var file in files)
            {
                var json = Read(file);
                var rank = json.RootElement.GetProperty(TraceFile.Other).GetProperty(TraceFile.Rank).GetInt32();
                if (traces.TryAdd(rank, (file, json))) continue;
                json.Dispose();
                throw new DunlinException($"{file} and {traces[rank].File} are both of rank {rank}: merge the traces of one run, each rank's once.");
            }
            Write([.. traces.Values.Select(t => t.Json)], path);
            return [.. traces.Keys];
        }
        finally
        {
            foreach (var (_, json) in traces.Values) json.Dispose();
        }
    }

    private static void Write(IReadOnlyList<JsonDocument> traces, string path)
    {
        try
        {
            AtomicFile.Write(path, stream =>
            {
                using var zip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true) : null;
                Write(traces, zip ?? stream);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DunlinException($"The merged trace {path} can't be written: {e.Message}", e);
        }
    }

    private static void Write(IReadOnlyList<JsonDocument> traces, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, TraceFile.Options);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray(TraceFile.Events);
        foreach (var trace in traces)
        {
            var offset = trace.RootElement.GetProperty(TraceFile.Other).GetProperty(TraceFile.Offset).GetDecimal();
            foreach (var one in trace.RootElement.GetProperty(TraceFile.Events).EnumerateArray()) Write(json, one, offset);
        }
        json.WriteEndArray();
        json.WriteStartObject(TraceFile.Other);
        json.WriteStartArray("ranks");
        foreach (var trace in traces) trace.RootElement.GetProperty(TraceFile.Other).WriteTo(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JsonElement one, decimal offset)
    {
        json.WriteStartObject();
        foreach (var property in one.EnumerateObject())
        {
            if (property.NameEquals("ts")) json.WriteNumber("ts", property.Value.GetDecimal() + offset);
            else property.WriteTo(json);
        }
        json.WriteEndObject();
    }

    private static JsonDocument Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            using Stream plain = stream.ReadByte() == 0x1F ? new GZipStream(stream, CompressionMode.Decompress) : stream;
            stream.Position = 0;
            var json = JsonDocument.Parse(Limited(plain, file));
            if (IsTrace(json.RootElement)) return json;
            json.Dispose();
            throw new DunlinException($"{file} is no trace of a rank: it lacks \"{TraceFile.Events}\", or \"{TraceFile.Rank}\" and \"{TraceFile.Offset}\" in \"{TraceFile.Other}\". " +
                $"Give the files that `dunlin train --profile` writes, such as {TraceFile.NameOf(0)}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new DunlinException($"The trace {file} can't be read: {e.Message}", e);
        }
    }

    private static bool IsTrace(JsonElement root) => root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty(TraceFile.Events, out var events) && events.ValueKind == JsonValueKind.Array
        && events.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Object && (!e.TryGetProperty("ts", out var time) || time.ValueKind == JsonValueKind.Number && time.TryGetDecimal(out _)))
        && root.TryGetProperty(TraceFile.Other, out var other) && other.ValueKind == JsonValueKind.Object
        && other.TryGetProperty(TraceFile.Rank, out var rank) && rank.ValueKind == JsonValueKind.Number && rank.TryGetInt32(out _)
        && other.TryGetProperty(TraceFile.Offset, out var offset) && offset.ValueKind == JsonValueKind.Number && offset.TryGetDecimal(out _);

    /// <summary>A small file may inflate to more than there is memory for.</summary>
    private static MemoryStream Limited(Stream stream, string file)
    {
        var result = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (stream.Read(buffer) is > 0 and var count)
        {
            if (result.Length + count > MostBytes) throw new DunlinException($"The trace {file} is more than {MostBytes >> 20} MB long; a trace that `dunlin train --profile` wrote is far less.");
            result.Write(buffer, 0, count);
        }
        result.Position = 0;
        return result;
    }
}
