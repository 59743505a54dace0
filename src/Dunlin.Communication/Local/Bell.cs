namespace Dunlin.Communication;

/// <summary>Something that a rank waits for.</summary>
internal interface ICondition
{
    bool Holds { get; }
}

/// <summary>
/// Wakes threads that wait for a condition. A waiter spins for about as long as a thread switch costs, then sleeps: the core belongs
/// to the kernels of other ranks.
/// </summary>
internal sealed class Bell
{
    private const int LongSpins = 100;
    private const int ShortSpins = 10;
    private const int Yields = 3;

    private readonly object _gate = new();
    private readonly int _spins;
    private int _sleepers;

    /// <param name="threads">How many threads wait for each other. With more of them than cores, spinning takes the core from the one that is waited for.</param>
    public Bell(int threads) => _spins = threads <= Environment.ProcessorCount ? LongSpins : ShortSpins;

    /// <summary>Wakes all sleepers. The caller has changed what they wait for by an interlocked operation, which orders it before the look at the sleepers.</summary>
    public void Ring()
    {
        if (Volatile.Read(ref _sleepers) == 0) return;
        lock (_gate) Monitor.PulseAll(_gate);
    }

    /// <summary>Returns when the condition holds (true) or the deadline in <see cref="Environment.TickCount64"/> has passed (false).</summary>
    public bool Await<T>(T condition, long deadline) where T : struct, ICondition
    {
        for (var spin = 0; spin < _spins; spin++)
        {
            if (condition.Holds) return true;
            Thread.SpinWait(spin < 32 ? 1 : 8);
        }
        for (var yield = 0; yield < Yields; yield++)
        {
            if (condition.Holds) return true;
            Thread.Yield();
        }
        return Sleep(condition, deadline);
    }

    private bool Sleep<T>(T condition, long deadline) where T : struct, ICondition
    {
        lock (_gate)
        {
            // Counted before the last look: whoever makes the condition true afterwards sees the sleeper and needs the gate to ring.
            Interlocked.Increment(ref _sleepers);
            try
            {
                while (!condition.Holds)
                {
                    var left = deadline - Environment.TickCount64;
                    if (left <= 0) return false;
                    Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
                }
                return true;
            }
            finally { Interlocked.Decrement(ref _sleepers); }
        }
    }
}
