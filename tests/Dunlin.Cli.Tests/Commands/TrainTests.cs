using System.Globalization;
using System.Text.Json.Nodes;
using Dunlin.Tensors;

namespace Dunlin.Cli.Tests.Commands;

public sealed class TrainTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Fact]
    public void A_run_can_be_evaluated_used_and_inspected()
    {
        var trained = _dunlin.Succeed("train", "tiny", "--epochs", "3", "--workers", "2");
        var run = Path.Combine(_dunlin.Directory, "runs", "tiny-1");
        foreach (var file in new[] { "config.resolved.json", "metrics.jsonl", "curves.svg" }) Assert.True(File.Exists(Path.Combine(run, file)), file);
        Assert.True(Accuracy(trained) > 0.5, trained);
        Assert.Contains("2 workers", _dunlin.Error, StringComparison.Ordinal);
        Assert.Contains("epoch=3/3 loss=", _dunlin.Error, StringComparison.Ordinal);

        // The same weights on the same examples.
        Assert.Equal(Accuracy(trained), Accuracy(_dunlin.Succeed("evaluate", "runs/tiny-1")), 3e-3);
        Assert.Equal(Accuracy(trained), JsonNode.Parse(_dunlin.Succeed("evaluate", "runs/tiny-1/checkpoints/step-00000048", "--json"))!["accuracy"]!.GetValue<double>(), 3e-3);

        var inspected = _dunlin.Succeed("inspect", "runs/tiny-1");
        Assert.Contains("verified: every file is what the manifest says", inspected, StringComparison.Ordinal);
        Assert.Contains("step 48, epoch 3", inspected, StringComparison.Ordinal);
        Assert.Matches(@"linear/weight\s+F32\s+\[32, 784\]\s+98\.0 KiB", inspected);
        Assert.Equal(_dunlin.Succeed("inspect", "runs/tiny-1/checkpoints/step-00000048/model.safetensors").Trim(), inspected[inspected.IndexOf("model.safetensors", StringComparison.Ordinal)..].Split("\n\n")[0].Trim());
    }

    [Fact]
    public void A_run_whose_workers_share_the_weights_can_be_resumed_by_others_evaluated_and_inspected()
    {
        _dunlin.Succeed("train", "tiny", "--epochs", "1", "--workers", "2", "--set", "strategy.sharding=parameters");
        var trained = _dunlin.Succeed("train", "tiny", "--epochs", "3", "--workers", "3", "--set", "strategy.sharding=optimizer", "--run", "runs/tiny-1", "--resume");
        Assert.Equal(Accuracy(trained), Accuracy(_dunlin.Succeed("evaluate", "runs/tiny-1")), 3e-3);
        var inspected = _dunlin.Succeed("inspect", "runs/tiny-1/checkpoints/step-00000016");
        foreach (var file in new[] { "model-00001-of-00002", "model-00002-of-00002", "optimizer-00002-of-00002" }) Assert.Contains($"{file}.safetensors: ", inspected, StringComparison.Ordinal);
        Assert.Matches(@"linear/weight\s+F32\s+\[32, 784\]\s+98\.0 KiB", inspected);
        Assert.Contains("verified: every file is what the manifest says", _dunlin.Succeed("inspect", "runs/tiny-1"), StringComparison.Ordinal);
        // The model of the earlier checkpoint is in two files, which an index joins.
        const string Index = "runs/tiny-1/checkpoints/step-00000016/model.safetensors.index.json";
        Assert.Equal(_dunlin.Succeed("evaluate", "runs/tiny-1/checkpoints/step-00000016"), _dunlin.Succeed("evaluate", Index));
        Assert.Contains("model-00002-of-00002.safetensors: ", _dunlin.Succeed("inspect", Index), StringComparison.Ordinal);
    }

    [Fact]
    public void Predictions_are_probabilities_of_each_picture_in_the_file()
    {
        _dunlin.Succeed("train", "tiny", "--max-steps", "4");
        var pictures = Tensor.Zeros(DType.UInt8, [300, 28, 28]);
        pictures.Span<byte>()[300..1000].Fill(200);
        Npy.Save(Path.Combine(_dunlin.Directory, "in.npy"), pictures);
        _dunlin.Succeed("predict", "runs/tiny-1", "--input", "in.npy", "--output", "out.npy");
        var probabilities = Npy.Load(Path.Combine(_dunlin.Directory, "out.npy"));
        Assert.Equal(Shape.Of(300, 10), probabilities.Shape);
        for (var row = 0; row < 300; row++) Assert.Equal(1, probabilities.ToArray<float>()[(10 * row)..(10 * row + 10)].Sum(), 1e-5);
        Assert.NotEqual(probabilities.ToArray<float>()[0], probabilities.ToArray<float>()[20]);

        var lines = _dunlin.Succeed("predict", "runs/tiny-1", "--input", "in.npy", "--json").Trim().Split('\n');
        Assert.Equal(300, lines.Length);
        var first = JsonNode.Parse(lines[0])!;
        Assert.Equal(probabilities.ToArray<float>()[..10].Max(), first["probability"]!.GetValue<float>(), 1e-6);
        Assert.Matches(@"^0: \d 0\.\d{4}", _dunlin.Succeed("predict", "runs/tiny-1", "--input", "in.npy"));

        Npy.Save(Path.Combine(_dunlin.Directory, "wrong.npy"), Tensor.Zeros(DType.Float32, [3, 27, 28]));
        Assert.Contains("Float32[3, 27, 28]", _dunlin.Fail(ExitCode.Usage, "predict", "runs/tiny-1", "--input", "wrong.npy"), StringComparison.Ordinal);
    }

    [Fact]
    public void Mixed_precision_is_one_option_and_says_where_it_is_slow()
    {
        var trained = _dunlin.Succeed("train", "tiny", "--epochs", "3", "--precision", "bfloat16", "--kernels", "managed");
        Assert.True(Accuracy(trained) > 0.5, trained);
        Assert.Contains("the kernel set managed does not multiply BFloat16 on this processor", _dunlin.Error, StringComparison.Ordinal);
        Assert.Matches(@"linear/weight\s+F32\s", _dunlin.Succeed("inspect", "runs/tiny-1"));
        _dunlin.Succeed("train", "tiny", "--max-steps", "1", "--kernels", "managed");
        Assert.DoesNotContain("does not multiply", _dunlin.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Events_are_one_json_object_a_line()
    {
        var events = _dunlin.Succeed("train", "tiny", "--epochs", "2", "--json").Trim().Split('\n').Select(line => JsonNode.Parse(line)!["event"]!.GetValue<string>()).ToList();
        Assert.Equal(["started", "epoch", "checkpoint", "epoch", "checkpoint", "ended"], events.Where(e => e != "step"));
    }

    [Fact]
    public void A_run_is_resumed_where_it_ended_and_not_overwritten()
    {
        _dunlin.Succeed("train", "tiny", "--run", "r", "--epochs", "1");
        Assert.Contains("r holds a run already", _dunlin.Fail(ExitCode.Usage, "train", "tiny", "--run", "r"), StringComparison.Ordinal);
        _dunlin.Succeed("train", "tiny", "--run", "r", "--epochs", "2", "--resume");
        Assert.Contains("resumed from step 16", _dunlin.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_dunlin.Directory, "r", "checkpoints", "step-00000032")));
    }

    [Fact]
    public void A_loss_that_is_no_number_fails_the_run_with_the_step()
    {
        var error = _dunlin.Fail(ExitCode.Failed, "train", "tiny", "--optimizer", "sgd", "--learning-rate", "1e30");
        Assert.Matches("(?i)step", error);
        Assert.DoesNotContain("report", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_no_silent_success()
    {
        _dunlin.Succeed("train", "tiny", "--epochs", "1", "--run", "r");
        File.AppendAllText(Path.Combine(_dunlin.Directory, "r/checkpoints/step-00000016/model.safetensors"), "x");
        Assert.Contains("model.safetensors", _dunlin.Fail(ExitCode.Failed, "inspect", "r"), StringComparison.Ordinal);
        Assert.Contains("model.safetensors", _dunlin.Fail(ExitCode.Failed, "evaluate", "r/checkpoints/step-00000016"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_a_checkpoint_is_compared_with_the_manifest_beside_it()
    {
        _dunlin.Succeed("train", "tiny", "--max-steps", "1", "--run", "r");
        var file = Path.Combine(_dunlin.Directory, "r/checkpoints/step-00000001/model.safetensors");
        _dunlin.Succeed("evaluate", file);
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Contains("its SHA-256 is not the manifest's", _dunlin.Fail(ExitCode.Failed, "evaluate", file), StringComparison.Ordinal);
        // Without a manifest there is nothing to compare it with.
        File.Copy(file, Path.Combine(_dunlin.Directory, "r", "copy.safetensors"));
        _dunlin.Succeed("evaluate", "r/copy.safetensors");
    }

    [Fact]
    public void One_step_is_not_1_steps() => Assert.Contains("done after 1 step\n", _dunlin.Succeed("train", "tiny", "--max-steps", "1"), StringComparison.Ordinal);

    [Theory]
    [InlineData("dunlin: there is no command \"trian\"; did you mean \"train\"?", "trian", "tiny")]
    [InlineData("dunlin: there is no command \"xyzzy\"; known: train, ps, launch, slurm, evaluate,", "xyzzy")]
    [InlineData("dunlin: train has no option \"--epohcs\"; did you mean \"--epochs\"?", "train", "tiny", "--epohcs", "3")]
    [InlineData("dunlin: train has no option \"--epohcs\"; did you mean \"--epochs\"?", "train", "--epohcs", "3")]
    [InlineData("dunlin: train has no option \"--batchsize\"; did you mean \"--batch-size\"?", "train", "tiny", "--batchsize=3")]
    [InlineData("dunlin: evaluate has no option \"--jsno\"; did you mean \"--json\"?", "evaluate", "r", "--jsno")]
    [InlineData("dunlin: there is no option \"--verison\"; did you mean \"--version\"?", "--verison")]
    public void An_unknown_word_is_an_error_with_the_nearest_known_one(string message, params string[] arguments)
    {
        var error = _dunlin.Fail(ExitCode.Usage, arguments);
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Contains("Try: dunlin", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_older_checkpoint_in_place_of_a_damaged_one_is_told()
    {
        _dunlin.Succeed("train", "tiny", "--epochs", "2", "--run", "r");
        File.AppendAllText(Path.Combine(_dunlin.Directory, "r/checkpoints/step-00000032/model.safetensors"), "x");
        foreach (var command in new[] { "inspect", "evaluate" })
        {
            _dunlin.Succeed(command, "r");
            Assert.Contains("Skipped the checkpoint of step 32", _dunlin.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_resumption_that_fails_leaves_the_run_as_it_was()
    {
        _dunlin.Succeed("train", "tiny", "--epochs", "1", "--run", "r");
        Assert.Contains("linear/weight", _dunlin.Fail(ExitCode.Failed, "train", "tiny", "--run", "r", "--resume", "--set", "model.hidden=16"), StringComparison.Ordinal);
        _dunlin.Succeed("evaluate", "r");
    }

    [Fact]
    public void An_output_that_cannot_be_written_is_no_fault_of_ours()
    {
        _dunlin.Succeed("train", "tiny", "--max-steps", "1", "--run", "r");
        Npy.Save(Path.Combine(_dunlin.Directory, "in.npy"), Tensor.Zeros(DType.UInt8, [1, 28, 28]));
        Assert.StartsWith("dunlin: absent/out.npy: can't be written", _dunlin.Fail(ExitCode.Failed, "predict", "r", "--input", "in.npy", "--output", "absent/out.npy"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_set_of_ones_own_comes_from_files()
    {
        var inputs = Tensor.Zeros(DType.Float32, [64, 3]);
        Philox.FillNormal(inputs.Span<float>(), new PhiloxKey(1, 1));
        var targets = Tensor.Zeros(DType.Float32, [64, 1]);
        for (var i = 0; i < 64; i++) targets.Span<float>()[i] = 2 * inputs.Span<float>()[3 * i] - inputs.Span<float>()[3 * i + 2];
        Npy.Save(Path.Combine(_dunlin.Directory, "x.npy"), inputs);
        Npy.Save(Path.Combine(_dunlin.Directory, "y.npy"), targets);
        _dunlin.Write("line.json", """
            { "data": { "name": "files", "trainInputs": "x.npy", "trainTargets": "y.npy", "testFraction": 0.25 }, "model": [{ "linear": 1 }], "loss": "squared",
              "optimizer": { "name": "sgd", "learningRate": 0.2 }, "training": { "epochs": 30, "batchSize": 16 } }
            """);
        var loss = _dunlin.Succeed("train", "line.json").Split('\n').Single(line => line.StartsWith("test loss: ", StringComparison.Ordinal));
        Assert.True(double.Parse(loss[11..], CultureInfo.InvariantCulture) < 1e-3, loss);
        Assert.Matches(@"^0: -?\d", _dunlin.Succeed("predict", "runs/line-1", "--input", "x.npy"));
    }

    [Fact]
    public void Info_tells_both_kernel_sets_and_the_launcher()
    {
        var info = _dunlin.Succeed("info");
        Assert.Contains("kernels managed   managed .NET kernels", info, StringComparison.Ordinal);
        Assert.Contains("kernels onednn", info, StringComparison.Ordinal);
        Assert.Contains("none: one process", info, StringComparison.Ordinal);
        (_dunlin.Environment["RANK"], _dunlin.Environment["WORLD_SIZE"], _dunlin.Environment["MASTER_ADDR"]) = ("1", "2", "host");
        Assert.Contains("rank 1 of 2, meeting at host:29500", _dunlin.Succeed("info"), StringComparison.Ordinal);
        _dunlin.Environment.Remove("RANK");
        Assert.Contains("error: WORLD_SIZE is set but RANK is not", JsonNode.Parse(_dunlin.Succeed("info", "--json"))!["launcher"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static double Accuracy(string output) =>
        double.Parse(output.Split('\n').Single(line => line.StartsWith("test accuracy: ", StringComparison.Ordinal))[15..], CultureInfo.InvariantCulture);
}
