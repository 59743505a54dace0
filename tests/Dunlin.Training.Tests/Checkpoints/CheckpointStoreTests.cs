using System.Diagnostics;
using System.Globalization;
using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Training.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
    private readonly List<string> _warnings = [];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_was_saved_comes_back()
    {
        var state = new CheckpointState
        {
            Step = 1200,
            Epoch = 3,
            BatchInEpoch = 17,
            RandomCounters = new Dictionary<string, ulong> { ["seed"] = ulong.MaxValue },
            Mesh = new Dictionary<string, int> { ["data"] = 4 },
            Strategy = "data parallel",
            Metric = double.NaN,
            BestMetric = 0.25,
            Notes = new Dictionary<string, string> { ["größe"] = "\"x\"" },
        };
        var saved = Store().Save(state, Tensors(1200));
        Assert.Equal(Path.Combine(_directory, "step-00001200"), saved);
        Assert.Equal(["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"], Directory.GetFiles(saved).Select(Path.GetFileName).Order());
        Assert.Equal("step-00001200\n", File.ReadAllText(Path.Combine(_directory, "latest")));

        var loaded = Store(new() { ReadOnly = true }).LoadLatest()!;
        Assert.Equivalent(state, loaded.State, strict: true);
        CheckpointProcess.AssertComplete(loaded);
        using var optimizer = loaded.Open("optimizer");
        Assert.Equal(["momentum"], optimizer.Names);
    }

    [Fact]
    public void An_empty_or_missing_directory_holds_no_checkpoint()
    {
        Assert.Null(Store().LoadLatest());
        Assert.Null(new CheckpointStore(Path.Combine(_directory, "none"), new() { ReadOnly = true }).LoadLatest());
    }

    [Theory]
    [InlineData("model.safetensors", "SHA-256")]
    [InlineData("optimizer.safetensors", "has")]
    [InlineData("state.json", "can't be read")]
    [InlineData("manifest.json", "can't be read")]
    public void A_damaged_checkpoint_is_passed_over_with_its_reason_and_may_be_saved_again(string file, string reason)
    {
        var store = Store();
        foreach (var step in new[] { 1, 2 }) store.Save(new() { Step = step }, Tensors(step));
        var path = Path.Combine(_directory, "step-00000002", file);
        if (file.StartsWith("model", StringComparison.Ordinal))
        {
            var bytes = File.ReadAllBytes(path);
            bytes[^1] ^= 1;
            File.WriteAllBytes(path, bytes);
        }
        else if (file.StartsWith("optimizer", StringComparison.Ordinal)) File.AppendAllText(path, "x");
        else File.Delete(path);

        Assert.Equal(1, Store().LoadLatest()!.State.Step);
        var warning = Assert.Single(_warnings);
        Assert.Contains("step 2", warning);
        Assert.Contains(file, warning);
        Assert.Contains(reason, warning);

        Store().Save(new() { Step = 2 }, Tensors(2));
        CheckpointProcess.AssertComplete(Store().LoadLatest()!);
        Assert.Equal([1, 2], Store().Steps);
    }

    [Fact]
    public void When_all_are_damaged_a_run_does_not_silently_start_anew()
    {
        Store().Save(new() { Step = 1 }, Tensors(1));
        File.WriteAllText(Path.Combine(_directory, "step-00000001", "manifest.json"), """{"files":[{"name":"../x","length":0,"sha256":""},{"name":"state.json","length":0,"sha256":""}]}""");
        Assert.Contains("no plain file name", Assert.Throws<CheckpointException>(() => Store().LoadLatest()).Message);
    }

    [Fact]
    public void A_complete_checkpoint_is_never_overwritten()
    {
        Store().Save(new() { Step = 1 }, Tensors(1));
        Assert.Contains("never overwritten", Assert.Throws<CheckpointException>(() => Store().Save(new() { Step = 1 }, Tensors(7))).Message);
        CheckpointProcess.AssertComplete(Store().LoadLatest()!);
        Assert.Empty(Directory.GetFileSystemEntries(_directory, ".tmp-*"));
    }

    [Fact]
    public void The_newest_and_the_best_are_kept()
    {
        var store = Store(new() { KeepLast = 2, KeepBest = BestMetric.Lowest });
        double?[] losses = [null, 5, 1, 3, double.NaN, 4, 2];
        for (var step = 1; step < losses.Length; step++) store.Save(new() { Step = step, Metric = losses[step] }, Tensors(step));
        Assert.Equal([2, 5, 6], store.Steps);
        store.Save(new() { Step = 7, Metric = 0.5 }, Tensors(7));
        Assert.Equal([6, 7], store.Steps);
    }

    [Fact]
    public void What_killed_runs_left_is_cleared_away_by_the_store_that_writes()
    {
        var leftover = Directory.CreateDirectory(Path.Combine(_directory, ".tmp-step-00000001-x")).FullName;
        File.WriteAllText(Path.Combine(leftover, "model.safetensors"), "half");
        Assert.Null(Store(new() { ReadOnly = true }).LoadLatest());
        Assert.True(Directory.Exists(leftover));
        Store();
        Assert.False(Directory.Exists(leftover));
    }

    [Fact]
    public void On_a_full_disk_saving_fails_cleanly_at_any_byte_and_the_old_checkpoint_stays()
    {
        var saved = Store().Save(new() { Step = 1 }, Tensors(1));
        var room = 0L;
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json", "manifest.json" })
        {
            room += new FileInfo(Path.Combine(saved, file)).Length;
            var left = room - 1; // the last byte of this file finds no room
            var full = new CheckpointStore(_directory) { CreateFile = path => new SmallDisk(path, bytes => (left -= bytes) >= 0) };
            var error = Assert.Throws<CheckpointException>(() => full.Save(new() { Step = 2 }, Tensors(2)));
            Assert.Contains("step 2", error.Message);
            Assert.Contains("No space left", error.Message);
            Assert.Equal(["latest", "step-00000001"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName).Order());
            CheckpointProcess.AssertComplete(Store().LoadLatest()!);
        }
    }

    [Fact]
    public void A_hint_that_can_not_be_written_does_not_fail_the_checkpoint()
    {
        var store = new CheckpointStore(_directory, new() { Warn = _warnings.Add })
        {
            CreateFile = path => path.EndsWith("latest", StringComparison.Ordinal) ? new SmallDisk(path, _ => false) : File.Create(path),
        };
        store.Save(new() { Step = 1 }, Tensors(1));
        Assert.Contains("No space left", Assert.Single(_warnings));
        CheckpointProcess.AssertComplete(store.LoadLatest()!);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    /// <summary>The process is killed some time after it has saved none, one or two checkpoints: how many it saves in a time depends on the machine and on what else runs there.</summary>
    [Fact]
    public async Task A_process_killed_at_any_moment_leaves_a_complete_checkpoint()
    {
        var step = 0L;
        for (var kill = 0; kill < 22; kill++)
        {
            using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", typeof(CheckpointStoreTests).Assembly.Location, CheckpointProcess.Verb, _directory])
            {
                RedirectStandardOutput = true,
            })!;
            async Task<string?> NextLine() => await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal("ready", await NextLine());
            var saved = step;
            for (var i = 0; i < kill % 3; i++) saved = long.Parse((await NextLine())!, CultureInfo.InvariantCulture);
            await Task.Delay(40 + (int)Philox.Below(200, new PhiloxKey(1), (ulong)kill));
            process.Kill();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

            var latest = Store(new() { ReadOnly = true }).LoadLatest();
            Assert.Empty(_warnings);
            if (latest is null)
            {
                Assert.Equal(0, saved);
                continue;
            }
            CheckpointProcess.AssertComplete(latest);
            Assert.True(latest.State.Step >= saved);
            step = latest.State.Step;
        }
        Assert.True(step > 5, $"only {step} checkpoints were saved");
    }

    private CheckpointStore Store(CheckpointOptions? options = null) => new(_directory, (options ?? new()) with { Warn = _warnings.Add });

    private static Dictionary<string, IReadOnlyDictionary<string, Tensor>> Tensors(long step) => CheckpointProcess.Tensors(step);

    private sealed class SmallDisk(string path, Func<int, bool> take) : FileStream(path, FileMode.CreateNew, FileAccess.Write)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!take(buffer.Length)) throw new IOException("No space left on device");
            base.Write(buffer);
        }
    }
}
