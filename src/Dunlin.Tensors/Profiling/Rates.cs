using System.Diagnostics;

namespace Dunlin.Tensors;

/// <summary>Times work on a team.</summary>
internal static class Rates
{
    /// <summary>Runs that are made at least, however long they take.</summary>
    private const int LeastRuns = 3;

    /// <summary>Seconds of the fastest of some runs: others on the machine can only make a run slower.</summary>
    /// <param name="threads">The team.</param>
    /// <param name="work">What each worker does, given its number and how many there are.</param>
    /// <param name="seconds">How long to go on.</param>
    public static double Fastest(ThreadTeam threads, Action<int, int> work, double seconds)
    {
        var task = new Work(work);
        var (fastest, begun) = (double.MaxValue, Stopwatch.GetTimestamp());
        for (var run = 0; run < LeastRuns || Stopwatch.GetElapsedTime(begun).TotalSeconds < seconds; run++)
        {
            var begin = Stopwatch.GetTimestamp();
            threads.Run(task);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }
        return fastest;
    }

    private sealed class Work(Action<int, int> work) : IParallelWork
    {
        public void Execute(int worker, int workers) => work(worker, workers);
    }
}
