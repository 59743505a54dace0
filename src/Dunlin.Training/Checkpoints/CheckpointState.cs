using System.Text.Json.Serialization;

namespace Dunlin.Training.Checkpoints;

/// <summary>Where a run stands, beside its tensors: the contents of <c>state.json</c>.</summary>
public sealed record CheckpointState
{
    /// <summary>Optimiser steps done; the checkpoint's name.</summary>
    public required long Step { get; init; }

    /// <summary>The epoch of the batch that comes next, from 0.</summary>
    public long Epoch { get; init; }

    /// <summary>The step within the epoch of the batch that comes next.</summary>
    public int BatchInEpoch { get; init; }

    /// <summary>Seeds and counters of the random streams by name.</summary>
    public IReadOnlyDictionary<string, ulong> RandomCounters { get; init; } = new Dictionary<string, ulong>();

    /// <summary>The mesh's axes and their sizes, such as data: 4.</summary>
    public IReadOnlyDictionary<string, int> Mesh { get; init; } = new Dictionary<string, int>();

    /// <summary>The strategy's name.</summary>
    public string Strategy { get; init; } = "";

    /// <summary>The metric by which this checkpoint competes with others (see <see cref="CheckpointOptions.KeepBest"/>); null if it was not measured.</summary>
    public double? Metric { get; init; }

    /// <summary>The best value of the metric in the run so far.</summary>
    public double? BestMetric { get; init; }

    /// <summary>Whatever else the run wants to know again.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; init; } = new Dictionary<string, string>();
}

/// <summary>The contents of <c>manifest.json</c>, written last: a checkpoint is complete when these files are as they are described here.</summary>
internal sealed record CheckpointManifest(IReadOnlyList<ManifestFile> Files);

/// <summary>One file of a checkpoint.</summary>
internal sealed record ManifestFile(string Name, long Length, string Sha256);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CheckpointState))]
[JsonSerializable(typeof(CheckpointManifest))]
[JsonSerializable(typeof(RankReport))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
