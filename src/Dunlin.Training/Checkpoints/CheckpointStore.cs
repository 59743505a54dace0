using System.Globalization;
using System.Text;
using Dunlin.Tensors;

namespace Dunlin.Training.Checkpoints;

/// <summary>
/// A directory of checkpoints, one sub-directory <c>step-00001200</c> each. A checkpoint is written beside the others and renamed when
/// it is complete and on disk, so a crash at any moment leaves the older ones and never half of one. For one thread at a time.
/// </summary>
public sealed class CheckpointStore
{
    private const string Prefix = "step-", TemporaryPrefix = ".tmp-", LatestName = "latest";

    private readonly string _directory;
    private readonly CheckpointOptions _options;

    /// <summary>Opens a store, and unless it is read-only clears away what killed runs left unfinished.</summary>
    /// <param name="directory">The directory; created if need be.</param>
    /// <param name="options">What to keep.</param>
    /// <exception cref="CheckpointException">The directory can't be created or cleared.</exception>
    public CheckpointStore(string directory, CheckpointOptions? options = null)
    {
        _directory = Path.GetFullPath(directory);
        _options = options ?? new CheckpointOptions();
        if (_options.ReadOnly) return;
        Guard("open the checkpoint directory", () =>
        {
            Directory.CreateDirectory(_directory);
            foreach (var leftover in Directory.EnumerateFileSystemEntries(_directory, TemporaryPrefix + "*").ToList()) Remove(leftover);
        });
    }

    /// <summary>Creates a checkpoint's files; tests let the disk fill up here.</summary>
    internal Func<string, FileStream> CreateFile { get; init; } = path => new FileStream(path, FileMode.CreateNew, FileAccess.Write);

    /// <summary>The steps of all checkpoints, complete or damaged, in ascending order.</summary>
    public IReadOnlyList<long> Steps => !Directory.Exists(_directory) ? [] :
    [
        .. Directory.EnumerateDirectories(_directory, Prefix + "*").Select(path => Path.GetFileName(path)[Prefix.Length..])
            .Select(digits => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) && NameOf(step) == Prefix + digits ? step : -1)
            .Where(step => step >= 0).Order(),
    ];

    /// <summary>Saves a checkpoint; when this returns, it is on disk. Afterwards deletes those that the options do not keep.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="groups">Named groups of named tensors; each becomes a file, such as <c>model.safetensors</c>.</param>
    /// <returns>The checkpoint's directory.</returns>
    /// <exception cref="CheckpointException">The disk is full or broken (what was written is removed), or there is a complete checkpoint of this step.</exception>
    public string Save(CheckpointState state, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> groups)
    {
        foreach (var group in groups.Keys)
            if (Path.GetFileName(group) != group || group.Length == 0)
                throw new CheckpointException($"A group of tensors needs a plain file name, not \"{group}\".");
        var writer = Begin(state.Step);
        WhileSaving(state.Step, () =>
        {
            try
            {
                foreach (var (group, tensors) in groups) writer.Write(group + Checkpoint.Extension, tensors);
            }
            catch
            {
                Discard(writer);
                throw;
            }
        });
        return Commit(writer, state);
    }

    /// <summary>Begins a checkpoint in a directory that nobody reads yet; <see cref="Commit"/> or <see cref="Discard"/> must follow.</summary>
    /// <exception cref="CheckpointException">The disk is full or broken, or this store only loads.</exception>
    internal CheckpointWriter Begin(long step)
    {
        if (_options.ReadOnly) throw new CheckpointException($"The checkpoint store {_directory} was opened to load only.");
        Require.AtLeast(nameof(CheckpointStore), step, 0);
        var name = $"{TemporaryPrefix}{NameOf(step)}-{Path.GetRandomFileName()}";
        WhileSaving(step, () => Directory.CreateDirectory(Path.Combine(_directory, name)));
        return new CheckpointWriter(Path.Combine(_directory, name), CreateFile);
    }

    /// <summary>Another worker's part of a checkpoint that one has begun; also of a store that only loads otherwise.</summary>
    /// <param name="name">The directory's name, without those around it.</param>
    internal CheckpointWriter Join(string name)
    {
        // Where it is on another machine's disk, this one may not know of it yet.
        var directory = Directory.CreateDirectory(Path.Combine(_directory, name));
        return new CheckpointWriter(directory.FullName, CreateFile);
    }

    /// <summary>Completes a checkpoint; when this returns, it is on disk. Afterwards deletes those that the options do not keep.</summary>
    /// <param name="writer">Has written this worker's files.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="others">What other workers have written.</param>
    /// <returns>The checkpoint's directory.</returns>
    /// <exception cref="CheckpointException">The disk is full or broken (what was written is removed), or there is a complete checkpoint of this step.</exception>
    internal string Commit(CheckpointWriter writer, CheckpointState state, params IEnumerable<ManifestFile> others)
    {
        var name = NameOf(state.Step);
        var target = Path.Combine(_directory, name);
        WhileSaving(state.Step, () =>
        {
            try
            {
                writer.Finish(state, others);
                SetDamagedAside(target, state.Step);
                Directory.Move(writer.Directory, target);
                Durable.SyncDirectory(_directory);
            }
            catch
            {
                Discard(writer);
                throw;
            }
        });
        WriteLatest(name);
        CheckpointVerifier.Verify(target, state.Step);
        Prune(state.Step);
        return target;
    }

    /// <summary>Removes what was written of a checkpoint that can't be completed. What can't be removed is so when the store is opened next.</summary>
    internal void Discard(CheckpointWriter writer)
    {
        try { Remove(writer.Directory); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { _options.Warn?.Invoke($"The unfinished {writer.Directory} can't be removed: {e.Message}"); }
    }

    /// <summary>Finds the newest complete checkpoint, passing over damaged ones with a warning.</summary>
    /// <returns>Null where there is none at all.</returns>
    /// <exception cref="CheckpointException">There are checkpoints, but all are damaged; the message says how.</exception>
    public Checkpoint? LoadLatest()
    {
        var damages = new List<string>();
        foreach (var step in Steps.Reverse())
        {
            try
            {
                return Load(step);
            }
            catch (CheckpointException e)
            {
                damages.Add(e.Message);
                _options.Warn?.Invoke($"Skipped the checkpoint of step {step}: {e.Message}");
            }
        }
        return damages.Count == 0 ? null : throw new CheckpointException(
            $"None of the {damages.Count} checkpoints in {_directory} is complete; to start anew, choose another directory. {string.Join("; ", damages)}");
    }

    /// <summary>Finds the checkpoint of one step and verifies it.</summary>
    /// <exception cref="CheckpointException">It is missing or damaged; the message says how.</exception>
    public Checkpoint Load(long step)
    {
        var directory = Path.Combine(_directory, NameOf(step));
        return new Checkpoint(directory, CheckpointVerifier.Verify(directory, step));
    }

    /// <summary>Verifies one checkpoint's directory, wherever it lies.</summary>
    /// <exception cref="CheckpointException">It is no checkpoint, or damaged; the message says how.</exception>
    public static Checkpoint Open(string directory) =>
        new(directory, CheckpointVerifier.Verify(directory, CheckpointVerifier.ReadState(directory).Step));

    /// <summary>Does a part of saving a checkpoint.</summary>
    /// <exception cref="CheckpointException">The disk is full or broken; the message says that the checkpoint of the step was not saved.</exception>
    internal void WhileSaving(long step, Action action) => Guard($"save the checkpoint of step {step}", action);

    private static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:00000000}");

    /// <summary>A damaged checkpoint makes way for a whole one of the same step; a whole one is never replaced.</summary>
    private void SetDamagedAside(string target, long step)
    {
        if (!Directory.Exists(target)) return;
        try
        {
            CheckpointVerifier.Verify(target, step);
        }
        catch (CheckpointException e)
        {
            _options.Warn?.Invoke($"Replaced a damaged checkpoint: {e.Message}");
            var aside = Path.Combine(_directory, $"{TemporaryPrefix}damaged-{Path.GetRandomFileName()}");
            Directory.Move(target, aside);
            Remove(aside);
            return;
        }
        throw new CheckpointException($"{target} is a complete checkpoint, and checkpoints are never overwritten; resume from it, or choose another directory.");
    }

    /// <summary>Only a hint for people and scripts: the checkpoint is complete without it.</summary>
    private void WriteLatest(string name)
    {
        var temporary = Path.Combine(_directory, $"{TemporaryPrefix}{LatestName}");
        try
        {
            File.Delete(temporary);
            using (var file = CreateFile(temporary))
            {
                file.Write(Encoding.ASCII.GetBytes(name + "\n"));
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, Path.Combine(_directory, LatestName), overwrite: true);
            Durable.SyncDirectory(_directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _options.Warn?.Invoke($"The file \"{LatestName}\" can't be written: {e.Message}");
            File.Delete(temporary);
        }
    }

    /// <summary>Deletes older checkpoints than the given one, which is known to be complete.</summary>
    private void Prune(long newest)
    {
        var older = Steps.Where(step => step <= newest).ToList();
        var best = _options.KeepBest == BestMetric.None ? null : BestOf(older);
        foreach (var step in older.SkipLast(_options.KeepLast).Where(step => step != best))
        {
            try
            {
                // Renamed first: half-deleted, it would look like a damaged checkpoint.
                var aside = Path.Combine(_directory, $"{TemporaryPrefix}old-{Path.GetRandomFileName()}");
                Directory.Move(Path.Combine(_directory, NameOf(step)), aside);
                Remove(aside);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _options.Warn?.Invoke($"The old checkpoint of step {step} can't be deleted: {e.Message}");
            }
        }
    }

    /// <summary>The step with the best metric; of equals the oldest.</summary>
    private long? BestOf(IEnumerable<long> steps)
    {
        (long Step, double Metric)? best = null;
        foreach (var step in steps)
        {
            double metric;
            try { metric = CheckpointVerifier.ReadState(Path.Combine(_directory, NameOf(step))).Metric ?? double.NaN; }
            catch (CheckpointException) { continue; }
            if (double.IsNaN(metric)) continue;
            if (best is null || (_options.KeepBest == BestMetric.Lowest ? metric < best.Value.Metric : metric > best.Value.Metric)) best = (step, metric);
        }
        return best?.Step;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        else File.Delete(path);
    }

    private void Guard(string purpose, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"Can't {purpose} in {_directory}: {e.Message.TrimEnd('.')}. Older checkpoints are as they were; make room or choose another directory.", e);
        }
    }
}
