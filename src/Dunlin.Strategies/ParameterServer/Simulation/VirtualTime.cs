namespace Dunlin.Strategies;

/// <summary>
/// Time that is counted and not waited for. What happens are actions, one after the other, in the order of their times and, at one time, of their coming; so a run with the same actions is the same run. Processes
/// (<see cref="VirtualProcess"/>) compute in threads of their own between two of their actions, several at the same time.
/// </summary>
internal sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (double Time, long Number)> _actions = new();
    private long _number;

    /// <summary>Seconds since the beginning.</summary>
    public double Now { get; private set; }

    /// <summary>Does something at a time, which is not before now.</summary>
    public void At(double time, Action action) => _actions.Enqueue(action, (Math.Max(time, Now), _number++));

    /// <summary>Does something after some seconds.</summary>
    public void After(double seconds, Action action) => At(Now + seconds, action);

    /// <summary>Goes on until nothing is left to do, or there is no need to.</summary>
    public void Run(Func<bool> isOver)
    {
        while (!isOver() && _actions.TryDequeue(out var action, out var key))
        {
            Now = key.Time;
            action();
        }
    }
}
