using System.Text.Json.Nodes;
using Dunlin.Cli.Catalogues;
using Dunlin.Cli.Configuration;
using Dunlin.Training;

namespace Dunlin.Cli.Tests.Commands;

/// <summary>Large batches and what travels between workers, from the command line.</summary>
public sealed class LargeBatchTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Fact]
    public void A_run_accumulates_normalises_over_all_workers_and_compresses()
    {
        _dunlin.Succeed("train", "tiny", "--workers", "2", "--accumulate", "2", "--sync-batch-norm", "--compression", "top-k", "--compression-ratio", "0.1", "--max-steps", "4");
        var resolved = File.ReadAllText(Path.Combine(_dunlin.Directory, "runs", "tiny-1", "config.resolved.json"));
        foreach (var value in new[] { "\"accumulate\": 2", "\"syncBatchNorm\": true", "\"compression\": \"top-k\"", "\"compressionRatio\": 0.1" }) Assert.Contains(value, resolved, StringComparison.Ordinal);
        // What each worker keeps is in the checkpoint, and the run goes on with it.
        Assert.True(File.Exists(Path.Combine(_dunlin.Directory, "runs", "tiny-1", "checkpoints", "step-00000004", "worker-0001.safetensors")));
        _dunlin.Succeed("train", "tiny", "--workers", "2", "--accumulate", "2", "--sync-batch-norm", "--compression", "top-k", "--compression-ratio", "0.1", "--max-steps", "6", "--run", "runs/tiny-1", "--resume");
        Assert.DoesNotContain("begins anew", _dunlin.Error, StringComparison.Ordinal);
    }

    [Theory, InlineData("none"), InlineData("bfloat16"), InlineData("float16"), InlineData("top-k")]
    public void Every_compression_trains(string compression) =>
        _dunlin.Succeed("train", "tiny", "--workers", "2", "--compression", compression, "--max-steps", "2", "--set", "data.train=64", "--set", "data.test=8");

    [Theory, InlineData("--accumulate", "0", "accumulate"), InlineData("--compression", "zip", "none, bfloat16, float16 or top-k"), InlineData("--compression-ratio", "1.5", "compressionRatio"), InlineData("--warmup-epochs", "0", "warmupEpochs"), InlineData("--reference-batch", "0", "referenceBatch")]
    public void What_does_not_fit_is_refused_by_name(string option, string value, string expected) =>
        Assert.Contains(expected, _dunlin.Fail(ExitCode.Usage, "train", "tiny", option, value), StringComparison.Ordinal);

    [Fact]
    public void Two_warm_ups_are_one_too_many() =>
        Assert.Contains("warmupEpochs", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--warmup-epochs", "1", "--set", "schedule.warmup=0.1"), StringComparison.Ordinal);

    [Fact]
    public void The_sharpness_of_a_run_is_measured_along_all_weights_or_random_directions()
    {
        _dunlin.Succeed("train", "tiny", "--max-steps", "20", "--seed", "3");
        var whole = JsonNode.Parse(_dunlin.Succeed("sharpness", "runs/tiny-1", "--examples", "100", "--json"))!;
        var (sharpness, loss, highest) = (whole["sharpness"]!.GetValue<double>(), whole["loss"]!.GetValue<double>(), whole["highest"]!.GetValue<double>());
        Assert.True(sharpness > 0);
        Assert.Equal(100 * (highest - loss) / (1 + loss), sharpness, 1e-9);
        Assert.True(JsonNode.Parse(_dunlin.Succeed("sharpness", "runs/tiny-1", "--examples", "100", "--epsilon", "5e-4", "--json"))!["sharpness"]!.GetValue<double>() < sharpness);
        var text = _dunlin.Succeed("sharpness", "runs/tiny-1", "--examples", "100", "--directions", "10", "--repeats", "3");
        Assert.Matches(@"sharpness: \d[\d.]* \+- \d[\d.]* over 3 draws", text);
        Assert.Contains("10 random directions among ", text, StringComparison.Ordinal);
        Assert.Contains("--repeats is for --directions", _dunlin.Fail(ExitCode.Usage, "sharpness", "runs/tiny-1", "--repeats", "2"), StringComparison.Ordinal);
        Assert.Contains("Epsilon", _dunlin.Fail(ExitCode.Usage, "sharpness", "runs/tiny-1", "--epsilon", "0"), StringComparison.Ordinal);
        Assert.Contains("there is no such run", _dunlin.Fail(ExitCode.Usage, "sharpness", "runs/none"), StringComparison.Ordinal);
    }

    /// <summary>0.1 for 256 examples, 8192 of them: from 0.1 to 3.2 in 5 epochs, and a tenth of it after epoch 30.</summary>
    [Fact]
    public void The_rate_scales_with_the_batch_and_warms_up_from_that_of_the_reference_batch()
    {
        var schedule = Schedule("""{ "schedule": { "name": "multi-step", "at": [30, 60, 80], "referenceBatch": 256, "warmupEpochs": 5 } }""", 0.1);
        Assert.Equal(0.1, schedule.At(0.0), 1e-12);
        Assert.Equal(1.65, schedule.At(250.0), 1e-12);
        Assert.Equal(3.2, schedule.At(500.0), 1e-12);
        Assert.Equal(0.32, schedule.At(3000.0), 1e-12);
        Assert.Equal(0.0032, schedule.At(8999.0), 1e-12);
    }

    /// <summary>A batch that is smaller than the reference does not fall to its rate from above.</summary>
    [Fact]
    public void Schedules_scale_down_too_and_a_slow_start_takes_the_whole_run()
    {
        Assert.Equal(0.1 * 8192 / 16384, Schedule("""{ "schedule": { "name": "constant", "referenceBatch": 16384, "warmupEpochs": 5 } }""", 0.1).At(0.0), 1e-12);
        var slow = Schedule("""{ "schedule": { "name": "slow-start", "referenceBatch": 256 } }""", 0.1);
        Assert.Equal(1.6, slow.At(3999.0), 1e-12);
        Assert.Equal(0.24, slow.At(4000.0), 1e-12);
        Assert.Equal(0.0032, slow.At(8999.0), 1e-12);
        Assert.Equal(0.1 / 500, Schedule("""{ "schedule": { "name": "constant", "warmupEpochs": 5 } }""", 0.1).At(0.0), 1e-12);
    }

    /// <summary>Ninety epochs of a hundred steps of 8192 examples.</summary>
    private static Schedule Schedule(string json, double rate) =>
        new Section(JsonSettings.Parse(json, "test")).Choose("schedule", ScheduleCatalogue.All)(rate, new Horizon(9000, 100, 8192));
}
