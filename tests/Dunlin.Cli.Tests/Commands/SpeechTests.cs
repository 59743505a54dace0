using Dunlin.Tensors;

namespace Dunlin.Cli.Tests.Commands;

public sealed class SpeechTests : IDisposable
{
    /// <summary>Little speech, which needs no other package than the synthesiser.</summary>
    private static readonly string[] Little = ["--set", "data.minutes=0.2", "--set", "data.testMinutes=0.1", "--set", "data.text=built-in"];

    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [EspeakFact]
    public void Frames_are_learnt_and_named()
    {
        Assert.Matches(@"test accuracy: 0\.\d+", _dunlin.Succeed(["train", "speech-cnn", "--max-steps", "20", .. Little]));
        Npy.Save(Path.Combine(_dunlin.Directory, "in.npy"), Tensor.Zeros(DType.Float32, [2, 1, 11, 40]));
        Assert.Matches(@"^0: \d+ [a-z]+ 0\.\d{4}\r?\n1: \d+ [a-z]+ 0\.\d{4}\r?\n$", _dunlin.Succeed("predict", "runs/speech-cnn-1", "--input", "in.npy"));
    }

    /// <summary>Each step of a sequence has probabilities of its own.</summary>
    [EspeakFact]
    public void Stretches_are_learnt_and_each_frame_is_named()
    {
        Assert.Matches(@"test accuracy: 0\.\d+", _dunlin.Succeed(["train", "speech-lstm", "--max-steps", "20", .. Little]));
        Npy.Save(Path.Combine(_dunlin.Directory, "in.npy"), Tensor.Zeros(DType.Float32, [2, 20, 40]));
        var lines = _dunlin.Succeed("predict", "runs/speech-lstm-1", "--input", "in.npy").Trim().Split('\n');
        Assert.Equal(40, lines.Length);
        Assert.Matches(@"^1\.19: \d+ [a-z]+ 0\.\d{4}", lines[^1]);
        _dunlin.Succeed("predict", "runs/speech-lstm-1", "--input", "in.npy", "--output", "out.npy");
        var probabilities = Npy.Load(Path.Combine(_dunlin.Directory, "out.npy"));
        Assert.Equal(Shape.Of(2, 20, 48), probabilities.Shape);
        Assert.All(probabilities.ToArray<float>().Chunk(48), step => Assert.Equal(1, step.Sum(), 1e-5));
    }

    [Fact]
    public void Options_that_cannot_be_are_refused()
    {
        Assert.Contains("an odd number", _dunlin.Fail(ExitCode.Usage, "train", "speech-cnn", "--set", "data.context=10"), StringComparison.Ordinal);
        Assert.Contains("bible-if-installed", _dunlin.Fail(ExitCode.Usage, "train", "speech-cnn", "--set", "data.text=news"), StringComparison.Ordinal);
    }
}
