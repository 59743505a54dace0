using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Dunlin.Cli.Tests.Commands;

public sealed class ProfileTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Fact]
    public void Each_worker_leaves_a_trace_and_they_are_merged()
    {
        var trained = _dunlin.Succeed("train", "tiny", "--workers", "2", "--epochs", "1", "--profile", "--run", "r");
        Assert.Matches(@"(?m)^\d+ steps of .* ms on \d+ threads?; ceiling \d+ GFLOP/s of Float32", trained);
        Assert.Matches(@"(?m)^operation +of +calls +ms/step", trained);
        Assert.Matches(@"(?m)^Peak of intermediate values: ", trained);
        Assert.Contains("one trace of all workers: dunlin merge-traces ", trained, StringComparison.Ordinal);
        foreach (var file in new[] { "trace-rank-0000.json.gz", "trace-rank-0001.json.gz", "profile-rank-0000.txt", "profile-rank-0001.txt" })
        {
            Assert.True(File.Exists(Path.Combine(_dunlin.Directory, "r", file)), file);
            Assert.Contains($"profile: {Path.Combine(_dunlin.Directory, "r", file)}", trained, StringComparison.Ordinal);
        }
        Assert.StartsWith("2 ranks in ", _dunlin.Succeed("merge-traces", "r", "-o", "all.json"), StringComparison.Ordinal);
        var events = JsonNode.Parse(File.ReadAllText(Path.Combine(_dunlin.Directory, "all.json")))!["traceEvents"]!.AsArray();
        Assert.Equal([0, 1], events.Select(e => (int)e!["pid"]!).Distinct().Order());
        // Gradients travel while others are computed: what is on its way may overlap, and is waited for in the end.
        var flights = events.Where(e => (string?)e!["cat"] == "collective").ToList();
        Assert.NotEmpty(flights);
        Assert.Equal(flights.Count(e => (string)e!["ph"]! == "b"), flights.Count(e => (string)e!["ph"]! == "e"));
        Assert.All(flights.GroupBy(e => (string)e!["id"]!), id => Assert.Single(id.Select(e => (int)e!["pid"]!).Distinct()));
        Assert.Contains(events, e => (int)e!["tid"]! == 100 && (string)e["ph"]! == "X" && (string)e["name"]! == "AllReduceWait");

        _dunlin.Succeed("merge-traces", "r/trace-rank-0001.json.gz", "r/trace-rank-0000.json.gz");
        using var zip = new GZipStream(File.OpenRead(Path.Combine(_dunlin.Directory, "trace.json.gz")), CompressionMode.Decompress);
        Assert.Equal(events.Count, JsonNode.Parse(zip)!["traceEvents"]!.AsArray().Count);
        // What the run left is as good as that of any other.
        _dunlin.Succeed("evaluate", "r");
    }

    [Fact]
    public void How_many_steps_is_enough_to_ask_for_them()
    {
        Assert.StartsWith("2 steps of", After(_dunlin.Succeed("train", "tiny", "--epochs", "1", "--profile-steps", "2"), "\n\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("steps of", _dunlin.Succeed("train", "tiny", "--max-steps", "2"), StringComparison.Ordinal);
        Assert.DoesNotContain("steps of", _dunlin.Succeed("train", "tiny", "--max-steps", "2", "--profile-steps", "2", "--no-profile"), StringComparison.Ordinal);
        var ended = JsonNode.Parse(_dunlin.Succeed("train", "tiny", "--max-steps", "2", "--profile", "--json").Trim().Split('\n')[^1])!;
        Assert.Equal(["trace-rank-0000.json.gz", "profile-rank-0000.txt"], ended["profile"]!.AsArray().Select(f => Path.GetFileName((string)f!)));
    }

    [Fact]
    public void A_run_that_was_complete_has_no_step_to_profile()
    {
        _dunlin.Succeed("train", "tiny", "--run", "r", "--epochs", "1");
        Assert.Contains("profile: none, since the run ended before a step could be profiled", _dunlin.Succeed("train", "tiny", "--run", "r", "--epochs", "1", "--resume", "--profile"), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_values_are_errors_of_usage()
    {
        Assert.Contains("option --profile-steps: \"profile.steps\" must be a whole number of at least 1, got \"0\".", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--profile-steps", "0"), StringComparison.Ordinal);
        Assert.Contains("option --profile-steps: \"profile.steps\" must be a whole number of at least 1, got \"few\".", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--profile-steps", "few"), StringComparison.Ordinal);
        Assert.Contains("option --profile: \"profile.enabled\" must be true or false, got \"maybe\".", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--profile=maybe"), StringComparison.Ordinal);
        Assert.Contains("There is no trace none.json.gz", _dunlin.Fail(ExitCode.Usage, "merge-traces", "none.json.gz"), StringComparison.Ordinal);
        Assert.Contains("holds no trace-rank-", _dunlin.Fail(ExitCode.Usage, "merge-traces", "."), StringComparison.Ordinal);
        _dunlin.Write("x.json", "{}");
        Assert.Contains("x.json is no trace of a rank", _dunlin.Fail(ExitCode.Usage, "merge-traces", "x.json"), StringComparison.Ordinal);
        Assert.NotEmpty(_dunlin.Fail(ExitCode.Usage, "merge-traces"));
    }

    private static string After(string text, string mark) => text[(text.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];
}
