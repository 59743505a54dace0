using System.Diagnostics;

namespace Dunlin.Graphs;

/// <summary>A session's queue. Elements lie in slots that are used again; copying in and out is done outside of the lock.</summary>
internal sealed class QueueState : IDisposable
{
    private readonly TensorQueue _queue;
    private readonly object _lock = new();
    private readonly Tensor?[][] _slots;
    private readonly Stack<int> _free;
    private readonly SlotOrder _queued;
    private bool _closed;

    public QueueState(TensorQueue queue)
    {
        _queue = queue;
        _slots = [.. Enumerable.Range(0, queue.Capacity).Select(_ => new Tensor?[queue.Components.Count])];
        _free = new(Enumerable.Range(0, queue.Capacity).Reverse());
        _queued = SlotOrder.Create(queue);
    }

    public int Count
    {
        get { lock (_lock) return _queued.Count; }
    }

    /// <summary>Takes an empty slot, waiting for one.</summary>
    public int BeginEnqueue(string waiter)
    {
        lock (_lock)
        {
            Wait(() => _free.Count > 0, waiter, () => $"it is full ({_queue.Capacity} elements) and nobody takes any");
            if (_closed) throw new QueueClosedException($"The queue {_queue.Name} is closed: {waiter} can't put anything into it.");
            return _free.Pop();
        }
    }

    /// <summary>The tensor to fill for a component.</summary>
    public Tensor Target(int slot, int component, TensorType type) => _slots[slot][component] is { } tensor && tensor.TensorType == type
        ? tensor
        : _slots[slot][component] = Tensor.Uninitialized(type.Type, type.Shape);

    /// <summary>Puts a filled slot in line.</summary>
    public void EndEnqueue(int slot)
    {
        lock (_lock)
        {
            var priority = _queue.Order == QueueOrder.ByPriority ? _slots[slot][0]!.Item<long>() : 0;
            _queued.Add(slot, priority);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Takes full slots out of the line, waiting for them.</summary>
    /// <param name="slots">As many as are wanted.</param>
    /// <param name="upTo">Whether fewer will do once the queue is closed.</param>
    /// <param name="waiter">Who waits, for messages.</param>
    /// <returns>How many were taken.</returns>
    public int BeginDequeue(Span<int> slots, bool upTo, string waiter)
    {
        var wanted = slots.Length;
        lock (_lock)
        {
            Wait(() => _queued.Count >= wanted + _queue.MinAfterDequeue, waiter, () => $"it has {_queued.Count} elements where {wanted + _queue.MinAfterDequeue} are needed, and nobody puts any in");
            var count = Math.Min(wanted, _queued.Count);
            if (count < wanted && (!upTo || count == 0))
                throw new QueueClosedException($"The queue {_queue.Name} is closed and has {count} elements left; {waiter} wanted {wanted}.");
            for (var i = 0; i < count; i++) slots[i] = _queued.Take();
            return count;
        }
    }

    /// <summary>A taken element's tensor.</summary>
    public Tensor Source(int slot, int component) => _slots[slot][component]!;

    /// <summary>Gives slots back that were taken.</summary>
    public void EndDequeue(ReadOnlySpan<int> slots)
    {
        lock (_lock)
        {
            foreach (var slot in slots) _free.Push(slot);
            Monitor.PulseAll(_lock);
        }
    }

    public void Close(bool cancel)
    {
        lock (_lock)
        {
            _closed = true;
            while (cancel && _queued.Count > 0) _free.Push(_queued.Take());
            Monitor.PulseAll(_lock);
        }
    }

    public void Dispose() => Close(cancel: true);

    private void Wait(Func<bool> ready, string waiter, Func<string> why)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!ready() && !_closed)
        {
            var left = _queue.Timeout - Stopwatch.GetElapsedTime(begin);
            if (left <= TimeSpan.Zero)
                throw new DunlinException($"{waiter} has waited {_queue.Timeout.TotalSeconds:0.###} s for the queue {_queue.Name}: {why()}. Run the step that does, close the queue when there is nothing more to come, or give it a longer Timeout.");
            Monitor.Wait(_lock, left);
        }
    }
}
