using System.Text.Json;
using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Training.Checkpoints;

/// <summary>
/// One checkpoint that all workers write together into a directory that all of them see: worker 0 makes it, each writes and syncs its files, tells worker 0 their lengths and SHA-256, and
/// worker 0 writes the manifest and renames. After each part all tell each other how it went, so that a worker that fails lets nobody wait and nothing half-done be seen.
/// </summary>
/// <param name="communicator">All workers.</param>
/// <param name="store">This worker's view of the checkpoints; worker 0's saves, the others may be read-only.</param>
internal sealed class JointCheckpoint(ICommunicator communicator, CheckpointStore store)
{
    /// <summary>Saves; all workers call together.</summary>
    /// <param name="state">Where the run stands; worker 0's counts.</param>
    /// <param name="groups">Which worker writes what of each group.</param>
    /// <param name="bring">Brings this worker the tensors that it is to write, of a group's name. Called on all workers in the same order, before any of them writes.</param>
    /// <returns>The checkpoint's directory.</returns>
    /// <exception cref="CheckpointException">A worker could not write: it is thrown on all of them, and what was written is removed.</exception>
    public string Save(CheckpointState state, IReadOnlyDictionary<string, Placement> groups, Func<string, IReadOnlyDictionary<string, Tensor>> bring)
    {
        CheckpointWriter? writer = null;
        var begun = Agree(() =>
        {
            if (communicator.Rank != 0) return new();
            writer = store.Begin(state.Step);
            return new(Text: Path.GetFileName(writer.Directory));
        });
        var tensors = groups.Keys.ToDictionary(group => group, bring);
        RankReport[] written;
        try
        {
            written = Agree(() =>
            {
                if (communicator.Rank != 0)
                {
                    // Who writes nothing need not see the directory.
                    if (groups.Values.All(p => p.FileOf(communicator.Rank) is null)) return new(Files: []);
                    writer = store.Join(begun[0].Text!);
                }
                store.WhileSaving(state.Step, () =>
                {
                    foreach (var (group, placement) in groups)
                    {
                        if (placement.FileOf(communicator.Rank) is { } file) writer!.Write(file, tensors[group]);
                        if (communicator.Rank == 0 && placement.Index is { } index) writer!.WriteIndex(index, placement.TotalBytes, placement.Files);
                    }
                    Durable.SyncDirectory(writer!.Directory);
                });
                return new(Files: writer!.Files);
            });
        }
        catch (CheckpointException)
        {
            if (communicator.Rank == 0) store.Discard(writer!);
            throw;
        }
        return Agree(() => communicator.Rank == 0 ? new(Text: store.Commit(writer!, state, written.Skip(1).SelectMany(w => w.Files!))) : new())[0].Text!;
    }

    /// <summary>Does something on each worker and lets all know how it went.</summary>
    /// <exception cref="CheckpointException">It failed somewhere; the message names the workers.</exception>
    private RankReport[] Agree(Func<RankReport> action)
    {
        RankReport own;
        try { own = action(); }
        catch (Exception e) when (e is CheckpointException or TensorFileException or IOException or UnauthorizedAccessException) { own = new(Error: e.Message); }
        RankReport[] all = [.. communicator.AllGatherText(JsonSerializer.Serialize(own, CheckpointJson.Default.RankReport)).Select(text => JsonSerializer.Deserialize(text, CheckpointJson.Default.RankReport)!)];
        var errors = all.Select((report, rank) => report.Error is null ? null : rank == 0 ? report.Error : $"Worker {rank}: {report.Error}").OfType<string>().ToList();
        return errors.Count == 0 ? all : throw new CheckpointException(string.Join(" ", errors));
    }
}

/// <summary>What a worker tells the others of its part of a checkpoint.</summary>
/// <param name="Error">What went wrong; null if nothing.</param>
/// <param name="Text">What the others need to know.</param>
/// <param name="Files">What it has written.</param>
internal sealed record RankReport(string? Error = null, string? Text = null, IReadOnlyList<ManifestFile>? Files = null);
