using System.Runtime.InteropServices;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>SIGTERM, SIGUSR1 and the first Ctrl-C ask all ranks once for an orderly end; a second Ctrl-C ends them.</summary>
internal sealed class LaunchSignals : IDisposable
{
    private readonly CliHost _host;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly ManualResetEventSlim _asked = new(), _forced = new();
    private readonly Lock _gate = new();
    private RunningJob? _job;
    private long _askedAt;

    public LaunchSignals(CliHost host)
    {
        _host = host;
        foreach (var (signal, name) in new[] { (PosixSignal.SIGINT, "SIGINT"), (PosixSignal.SIGTERM, "SIGTERM"), ((PosixSignal)10, "SIGUSR1") })
            if ((int)signal < 0 || OperatingSystem.IsLinux())
                _registrations.Add(PosixSignalRegistration.Create(signal, context =>
                {
                    context.Cancel = true;
                    Receive(signal, name);
                }));
    }

    /// <summary>Whether an end was asked for.</summary>
    public bool IsAsked => _asked.IsSet;

    /// <summary>Whether a second Ctrl-C came.</summary>
    public bool IsForced => _forced.IsSet;

    /// <summary>How long ago an end was asked for; zero where it was not.</summary>
    public TimeSpan SinceAsked => IsAsked ? _host.Clock.GetElapsedTime(_askedAt) : TimeSpan.Zero;

    /// <summary>Waits, but not longer than until an end is asked for.</summary>
    public void Pause(TimeSpan time) => _asked.Wait(time);

    /// <summary>Says whom signals go to; a signal that came before goes there at once.</summary>
    public void Attach(RunningJob? job)
    {
        lock (_gate)
        {
            _job = job;
            if (IsAsked) job?.AskToStop();
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _asked.Dispose();
        _forced.Dispose();
    }

    private void Receive(PosixSignal signal, string name)
    {
        lock (_gate)
        {
            if (IsAsked)
            {
                if (signal == PosixSignal.SIGINT) _forced.Set();
                return;
            }
            _askedAt = _host.Clock.GetTimestamp();
            _asked.Set();
            _host.Error.WriteLine($"dunlin launch: {name}: asking all ranks to stop{(signal == PosixSignal.SIGINT ? "; again to end them at once" : "")}.");
            _job?.AskToStop();
        }
    }
}
