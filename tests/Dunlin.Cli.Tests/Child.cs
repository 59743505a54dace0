using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Dunlin.Cli.Tests;

/// <summary>The command in a process; everything that it prints.</summary>
internal sealed class Child : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    /// <summary>The command itself.</summary>
    public Child(string directory, params string[] arguments) : this(directory, new ProcessStartInfo(
        Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [typeof(DunlinCommand).Assembly.Location, .. arguments]))
    {
    }

    /// <summary>Something else that runs it.</summary>
    public Child(string directory, ProcessStartInfo start)
    {
        (start.WorkingDirectory, start.RedirectStandardOutput, start.RedirectStandardError) = (directory, true, true);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    public async Task WaitFor(string text, int times = 1)
    {
        for (var clock = Stopwatch.StartNew(); Output.Split(text).Length <= times; await Task.Delay(20))
            Assert.True(clock.Elapsed < Patience && !_process.HasExited, $"\"{text}\" did not come {times} times:\n{Output}");
    }

    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    public async Task<int> ExitCode()
    {
        using var limit = new CancellationTokenSource(Patience);
        try { await _process.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException) { Assert.Fail($"It has {(_process.HasExited ? "ended, but what it started holds its output" : "not ended")} after {Patience.TotalSeconds} s:\n{Output}"); }
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        // Not for the end of its output: what it has started may hold that open.
        _process.WaitForExit(Patience);
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
