namespace Dunlin.Cli.Commands.Launch;

/// <summary>
/// Looks after the other hosts while ranks run. mpirun notices a process that ends, but not a link that is cut while it has something to say over it; a host that twice in a row does not answer
/// is taken for lost.
/// </summary>
internal sealed class HostWatch
{
    private readonly Func<HostAnswer?> _look;
    private readonly TimeSpan _every;
    private readonly TimeProvider _clock;
    private readonly bool _hasOthers;
    private Task<HostAnswer?>? _looking;
    private long _last;
    private string? _suspect;

    /// <summary>Watches from now on.</summary>
    /// <param name="placement">Whom.</param>
    /// <param name="look">Finds a host that does not answer, in bounded time.</param>
    /// <param name="every">From one look to the next.</param>
    /// <param name="clock">The clock.</param>
    public HostWatch(Placement placement, Func<HostAnswer?> look, TimeSpan every, TimeProvider clock)
    {
        (_look, _every, _clock, _last) = (look, every, clock, clock.GetTimestamp());
        _hasOthers = placement.Seats.Any(seats => !seats.Host.IsHere);
    }

    /// <summary>The host that is lost, or null. Asking also moves the watch on, and never waits.</summary>
    public HostAnswer? Silent
    {
        get
        {
            if (_looking is { IsCompleted: true } done)
            {
                _looking = null;
                var silent = done.GetAwaiter().GetResult();
                var again = silent is not null && silent.Host.Name == _suspect;
                _suspect = silent?.Host.Name;
                if (again) return silent;
                _last = _clock.GetTimestamp();
            }
            // Who is suspected is asked again at once.
            if (_hasOthers && _looking is null && (_suspect is not null || _clock.GetElapsedTime(_last) >= _every)) _looking = Task.Run(_look);
            return null;
        }
    }
}
