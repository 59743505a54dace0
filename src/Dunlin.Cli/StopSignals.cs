using System.Runtime.InteropServices;

namespace Dunlin.Cli;

/// <summary>
/// Ends a run on request: SIGTERM, SIGUSR1 and the first Ctrl-C ask for an orderly end, which finishes the step and saves a checkpoint;
/// a second Ctrl-C leaves at once. When the orderly end takes longer than its grace, the process leaves as well.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>SIGUSR1 on Linux, x64 and arm64: what schedulers such as SLURM send some time before the end.</summary>
    private const int UserSignal1 = 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly CliHost _host;
    private readonly TimeSpan _grace;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private ITimer? _watchdog;
    private bool _saved;
    private bool _disposed;

    /// <summary>Listens from now on.</summary>
    /// <param name="host">Where to say so, and how to leave.</param>
    /// <param name="grace">How long an orderly end may take.</param>
    public StopSignals(CliHost host, TimeSpan grace)
    {
        (_host, _grace) = (host, grace);
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }) Listen(signal, signal.ToString());
        if (OperatingSystem.IsLinux()) Listen((PosixSignal)UserSignal1, "SIGUSR1");
    }

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Remembers that a checkpoint was saved after the signal: leaving is then no loss.</summary>
    public void CheckpointSaved()
    {
        lock (_lock) _saved |= _stop.IsCancellationRequested;
    }

    /// <summary>What a signal does; tests call it in place of the system.</summary>
    internal void Receive(PosixSignal signal, string name)
    {
        lock (_lock)
        {
            if (_disposed) return;
            if (_stop.IsCancellationRequested)
            {
                if (signal == PosixSignal.SIGINT) _host.Exit(ExitCode.Interrupted);
                return;
            }
            _host.Error.WriteLine($"dunlin: {name}: finishing the step and saving a checkpoint, within {_grace.TotalSeconds:0} s{(signal == PosixSignal.SIGINT ? "; again to leave at once" : "")}.");
            _watchdog = _host.Clock.CreateTimer(_ => OutOfGrace(), null, _grace, Timeout.InfiniteTimeSpan);
        }
        _stop.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        lock (_lock)
        {
            _disposed = true;
            _watchdog?.Dispose();
        }
        _stop.Dispose();
    }

    private void Listen(PosixSignal signal, string name) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Receive(signal, name);
    }));

    /// <summary>75 promises a complete checkpoint of this stop, so without one it is a failure; older checkpoints are as they were.</summary>
    private void OutOfGrace()
    {
        bool saved;
        lock (_lock)
        {
            if (_disposed) return;
            saved = _saved;
        }
        _host.Error.WriteLine(saved
            ? $"dunlin: the run has not ended within {_grace.TotalSeconds:0} s, but its checkpoint is complete: leaving."
            : $"dunlin: no checkpoint was complete within {_grace.TotalSeconds:0} s: leaving without; older checkpoints are as they were. Allow more by --grace.");
        _host.Exit(saved ? ExitCode.StartAgain : ExitCode.Failed);
    }
}
