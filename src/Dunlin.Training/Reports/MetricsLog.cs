using System.Text.Json;

namespace Dunlin.Training.Reports;

/// <summary>Writes measured values as JSON lines (<c>{"step":100,"epoch":0,"time":1.7e9,"values":{"loss/train":0.41}}</c>), each on disk for readers at once. Thread-safe.</summary>
public sealed class MetricsLog : IDisposable
{
    private readonly StreamWriter _writer;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();

    /// <summary>Opens a log.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resumedStep">Null begins an empty log. After a resume, the step of the checkpoint: later lines are dropped, for those steps run again.</param>
    /// <param name="clock">Gives the wall time; the system's unless given.</param>
    /// <exception cref="DunlinException">The log to resume is damaged, or the file can't be written.</exception>
    public MetricsLog(string path, long? resumedStep = null, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        try
        {
            if (resumedStep is long step && File.Exists(path)) DropAfter(path, step);
            else if (resumedStep is null) File.Delete(path);
            _writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true, NewLine = "\n" };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DunlinException($"The metrics log {path} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Adds a line.</summary>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="epoch">The pass over the data.</param>
    /// <param name="values">Names and values; NaN and infinities are kept.</param>
    public void Write(long step, long epoch, params ReadOnlySpan<(string Name, double Value)> values)
    {
        var byName = new Dictionary<string, double>(values.Length);
        foreach (var (name, value) in values) byName[name] = value;
        var time = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        var line = JsonSerializer.Serialize(new MetricsEntry(step, epoch, time, byName), MetricsJson.Default.MetricsEntry);
        lock (_lock) _writer.WriteLine(line);
    }

    /// <summary>Reads a log. A last line that was cut off by a killed run is left out.</summary>
    /// <exception cref="DunlinException">The file can't be read, or a line is not what this class writes.</exception>
    public static IReadOnlyList<MetricsEntry> Read(string path)
    {
        string[] lines;
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            lines = reader.ReadToEnd().Split('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DunlinException($"The metrics log {path} can't be read: {e.Message}", e);
        }
        var entries = new List<MetricsEntry>(lines.Length);
        // Every whole line ends in a newline, so what follows the last newline is empty or cut off.
        for (var i = 0; i < lines.Length - 1; i++)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize(lines[i], MetricsJson.Default.MetricsEntry) ?? throw new JsonException("the line is null"));
            }
            catch (JsonException e)
            {
                throw new DunlinException($"The metrics log {path} is damaged in line {i + 1}: {e.Message}", e);
            }
        }
        return entries;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock) _writer.Dispose();
    }

    private static void DropAfter(string path, long step)
    {
        var temporary = path + ".tmp";
        File.WriteAllLines(temporary, Read(path).Where(entry => entry.Step <= step)
            .Select(entry => JsonSerializer.Serialize(entry, MetricsJson.Default.MetricsEntry)));
        File.Move(temporary, path, overwrite: true);
    }
}
