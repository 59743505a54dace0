using System.Runtime.InteropServices;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Cli.Tests;

/// <summary>Signals to a process of its own.</summary>
public sealed class SignalTests : IDisposable
{
    private const int Interrupt = 2, User1 = 10, Terminate = 15;

    /// <summary>A step that takes many seconds, so that an orderly end does too.</summary>
    private static readonly string[] SlowStep =
        ["train", "mlp", "--run", "r", "--batch-size", "10000", "--set", "model.hidden=[8192, 8192]", "--kernels", "managed", "--threads", "1", "--optimizer", "sgd"];

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(Interrupt), InlineData(Terminate), InlineData(User1)]
    public async Task A_signal_ends_the_run_after_a_complete_checkpoint_with_75(int signal)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var run = new Child(_directory, "train", "tiny", "--run", "r", "--epochs", "100000");
        await run.WaitFor("epoch=1/");
        run.Signal(signal);
        Assert.Equal(Cli.ExitCode.StartAgain, await run.ExitCode());
        var newest = new CheckpointStore(Path.Combine(_directory, "r", "checkpoints"), new() { ReadOnly = true }).LoadLatest();
        Assert.Contains($"stopped on request after {newest!.State.Step} steps", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_interrupt_leaves_at_once_with_130()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var run = new Child(_directory, SlowStep);
        await run.WaitFor("parameters");
        run.Signal(Interrupt);
        await run.WaitFor("again to leave at once");
        run.Signal(Interrupt);
        Assert.Equal(Cli.ExitCode.Interrupted, await run.ExitCode());
    }

    [Fact]
    public async Task Without_a_checkpoint_within_the_grace_the_run_has_failed()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var run = new Child(_directory, [.. SlowStep, "--grace", "0.5"]);
        await run.WaitFor("parameters");
        run.Signal(Terminate);
        Assert.Equal(Cli.ExitCode.Failed, await run.ExitCode());
        Assert.Contains("no checkpoint was complete", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void After_the_grace_a_complete_checkpoint_counts()
    {
        using var dunlin = new CommandRunner();
        using var error = new StringWriter();
        using var left = new BlockingExit();
        using var signals = new StopSignals(dunlin.Host(TextWriter.Null, error) with { Exit = left.Exit }, TimeSpan.FromMilliseconds(50));
        signals.Receive(PosixSignal.SIGTERM, "SIGTERM");
        signals.CheckpointSaved();
        Assert.True(signals.Token.IsCancellationRequested);
        Assert.Equal(ExitCode.StartAgain, left.Wait());
    }

    /// <summary>Takes the place of the process's end.</summary>
    private sealed class BlockingExit : IDisposable
    {
        private readonly ManualResetEventSlim _left = new();
        private int _code = -1;

        public void Exit(int code)
        {
            _code = code;
            _left.Set();
        }

        public int Wait() => _left.Wait(TimeSpan.FromSeconds(30)) ? _code : -1;

        public void Dispose() => _left.Dispose();
    }
}
