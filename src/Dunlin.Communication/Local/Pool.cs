namespace Dunlin.Communication;

/// <summary>Objects that wait for their next use; makes one only when none is idle. Thread-safe.</summary>
internal sealed class Pool<T>(Func<T> create) where T : class
{
    private readonly Lock _lock = new();
    private readonly Stack<T> _idle = new();

    public T Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out var item)) return item;
        }
        return create();
    }

    public void Return(T item)
    {
        lock (_lock) _idle.Push(item);
    }
}
