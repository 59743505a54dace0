using System.Diagnostics;
using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dunlin.Graphs.Profiling;

/// <summary>Traces as files of Chrome's JSON format, compressed by gzip, which Perfetto (ui.perfetto.dev) and chrome://tracing open as they are.</summary>
public static class TraceFile
{
    internal const string Events = "traceEvents", Other = "otherData", Rank = "rank", Offset = "clock_offset_us";

    /// <summary>Names and shapes stay readable.</summary>
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file's name for a rank, such as <c>trace-rank-0003.json.gz</c>.</summary>
    public static string NameOf(int rank) => $"trace-rank-{rank:0000}.json.gz";

    /// <summary>Writes a trace to a file, which appears when it is whole.</summary>
    public static void Write(EventTrace trace, string path) => AtomicFile.Write(path, stream =>
    {
        using var zip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        Write(trace, zip);
    });

    /// <summary>Writes a trace, not compressed.</summary>
    public static void Write(EventTrace trace, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray(Events);
        Name(json, trace.Rank, null, "process_name", $"rank {trace.Rank}");
        Begin(json, "M", "process_sort_index", trace.Rank, null);
        json.WriteStartObject("args");
        json.WriteNumber("sort_index", trace.Rank);
        json.WriteEndObject();
        json.WriteEndObject();
        foreach (var (lane, events, dropped) in trace.Lanes)
        {
            Name(json, trace.Rank, lane, "thread_name", TraceLane.NameOf(lane));
            // Outer before inner, and in the order of time: what contains others ends after them, and is noted then.
            foreach (var one in events.OrderBy(e => e.Begin).ThenByDescending(e => e.End)) Write(json, trace.Rank, lane, one);
            if (dropped > 0) Note(json, trace.Rank, lane, events.Max(e => e.End), $"{dropped} later events left out: the lane keeps {events.Count}");
        }
        json.WriteEndArray();
        json.WriteStartObject(Other);
        json.WriteNumber(Rank, trace.Rank);
        json.WriteNumber(Offset, trace.ClockOffset);
        json.WriteNumber("dropped_events", trace.Dropped);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, int rank, int lane, in TraceEvent one)
    {
        if (one.IsInFlight)
        {
            foreach (var (phase, time) in new[] { ("b", one.Begin), ("e", one.End) })
            {
                Begin(json, phase, one.Name, rank, lane);
                json.WriteString("cat", "collective");
                // Viewers join what has one identifier over all processes.
                json.WriteString("id", $"{rank}.{one.Number}");
                json.WriteNumber("ts", Micros(time));
                Args(json, one);
                json.WriteEndObject();
            }
            return;
        }
        Begin(json, "X", one.Name, rank, lane);
        json.WriteNumber("ts", Micros(one.Begin));
        json.WriteNumber("dur", Micros(one.End) - Micros(one.Begin));
        Args(json, one);
        json.WriteEndObject();
    }

    private static void Args(Utf8JsonWriter json, in TraceEvent one)
    {
        json.WriteStartObject("args");
        if (one.Number is { } number) json.WriteNumber("number", number);
        if (one.Kernel is { } kernel)
        {
            json.WriteString("op", kernel.Operation);
            json.WriteString("node", kernel.Node);
            json.WriteStartArray("shapes");
            foreach (var output in kernel.Outputs) json.WriteStringValue(output.ToString());
            json.WriteEndArray();
            json.WriteNumber("bytes", kernel.Bytes);
            if (kernel.Flops > 0) json.WriteNumber("flops", kernel.Flops);
        }
        json.WriteEndObject();
    }

    private static void Note(Utf8JsonWriter json, int rank, int lane, long time, string text)
    {
        Begin(json, "i", text, rank, lane);
        json.WriteNumber("ts", Micros(time));
        json.WriteString("s", "t");
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, int rank, int? lane, string what, string name)
    {
        Begin(json, "M", what, rank, lane);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, string phase, string name, int rank, int? lane)
    {
        json.WriteStartObject();
        json.WriteString("ph", phase);
        json.WriteString("name", name);
        json.WriteNumber("pid", rank);
        json.WriteNumber("tid", lane ?? TraceLane.Step);
    }

    /// <summary>Microseconds to the nanosecond. Decimal, so that an inner event never seems to end after its outer one by a rounding.</summary>
    private static decimal Micros(long ticks) => decimal.Round(ticks * 1_000_000m / Stopwatch.Frequency, 3);
}
