using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>
/// How somebody waits for another process: it looks again and again for about as long as small messages take, then lets other threads run between two looks, then sleeps. With more ranks than
/// processors, spinning takes the processor from the one that is waited for.
/// </summary>
internal unsafe partial struct Backoff(bool crowded)
{
    private const int Spins = 400, CrowdedSpins = 4, Yields = 50, Nap = 50;

    private readonly int _spins = crowded ? CrowdedSpins : Spins;
    private int _looks;

    /// <summary>Whether it has lasted longer than small messages take.</summary>
    public readonly bool IsLong => _looks >= _spins;

    public void Pause()
    {
        _looks++;
        if (_looks < _spins) Thread.SpinWait(_looks < 64 ? 1 : 8);
        else if (_looks < _spins + Yields) Thread.Yield();
        else Sleep(Nap);
    }

    /// <summary>Sleeps for microseconds, of which .NET's own waits know only thousands.</summary>
    public static void Sleep(int microseconds)
    {
        var time = new TimeSpec { Nanoseconds = microseconds * 1000 };
        _ = nanosleep(&time, null);
    }

    [LibraryImport("libc")]
    private static partial int nanosleep(TimeSpec* time, TimeSpec* left);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
