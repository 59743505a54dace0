namespace Dunlin.Graphs;

/// <summary>The full slots of a queue, and which comes next.</summary>
internal abstract class SlotOrder
{
    public abstract int Count { get; }

    public static SlotOrder Create(TensorQueue queue) => queue.Order switch
    {
        QueueOrder.Shuffled => new Shuffled(queue),
        QueueOrder.ByPriority => new ByPriority(queue.Capacity),
        _ => new FirstInFirstOut(queue.Capacity),
    };

    public abstract void Add(int slot, long priority);

    public abstract int Take();

    private sealed class FirstInFirstOut(int capacity) : SlotOrder
    {
        private readonly Queue<int> _slots = new(capacity);

        public override int Count => _slots.Count;

        public override void Add(int slot, long priority) => _slots.Enqueue(slot);

        public override int Take() => _slots.Dequeue();
    }

    private sealed class ByPriority(int capacity) : SlotOrder
    {
        private readonly PriorityQueue<int, (long, long)> _slots = new(capacity);
        private long _arrivals;

        public override int Count => _slots.Count;

        public override void Add(int slot, long priority) => _slots.Enqueue(slot, (priority, _arrivals++));

        public override int Take() => _slots.Dequeue();
    }

    private sealed class Shuffled(TensorQueue queue) : SlotOrder
    {
        private readonly List<int> _slots = new(queue.Capacity);
        private readonly PhiloxKey _key = new(queue.Seed, PhiloxKey.StreamOf(queue.Name));
        private ulong _draws;

        public override int Count => _slots.Count;

        public override void Add(int slot, long priority) => _slots.Add(slot);

        public override int Take()
        {
            Span<long> place = stackalloc long[1];
            Philox.FillIntegers(place, 0, _slots.Count, _key, _draws++);
            var slot = _slots[(int)place[0]];
            _slots[(int)place[0]] = _slots[^1];
            _slots.RemoveAt(_slots.Count - 1);
            return slot;
        }
    }
}
