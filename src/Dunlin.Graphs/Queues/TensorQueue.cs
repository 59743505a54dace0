using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>In what order a queue gives its elements.</summary>
public enum QueueOrder
{
    /// <summary>In the order in which they came.</summary>
    FirstInFirstOut,
    /// <summary>In random order, once there are enough to choose from.</summary>
    Shuffled,
    /// <summary>The least first component first, an Int64 scalar; among equals the one that came first.</summary>
    ByPriority,
}

/// <summary>
/// A queue between steps that run at the same time. An element is a tuple of tensors. Who puts into a full queue waits, who takes
/// from an empty one waits; after <see cref="Timeout"/> that is an error. Closing it lets the elements that are there be taken. The queue itself belongs to the
/// session: this object describes it, and makes the operations that use it.
/// </summary>
public sealed class TensorQueue : Resource
{
    /// <summary>Describes a queue.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="capacity">The most elements, at least 1.</param>
    /// <param name="components">The types of an element's tensors. Lengths that differ between elements are <see cref="Shape.Unknown"/>.</param>
    public TensorQueue(string name, int capacity, params IReadOnlyList<TensorType> components) : base(name)
    {
        Require.AtLeast(nameof(TensorQueue), capacity, 1);
        Require.NotEmpty(nameof(TensorQueue), components);
        (Capacity, Components) = (capacity, components);
    }

    /// <summary>The most elements.</summary>
    public int Capacity { get; }

    /// <summary>The types of an element's tensors.</summary>
    public IReadOnlyList<TensorType> Components { get; }

    /// <summary>In what order elements come out.</summary>
    public QueueOrder Order { get; init; }

    /// <summary>For a shuffled queue, how many elements stay behind as long as it is open, so that there are always some to choose from.</summary>
    /// <value>From 0 up to, but not, the capacity.</value>
    public int MinAfterDequeue
    {
        get;
        init
        {
            field = Require.Below(nameof(TensorQueue), value, 0, Capacity);
        }
    }

    /// <summary>The seed of a shuffled queue's choices.</summary>
    public ulong Seed { get; init; }

    /// <summary>How long to wait for another step.</summary>
    /// <value>A minute unless set.</value>
    public TimeSpan Timeout { get; init => field = Require.That(nameof(TensorQueue), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromMinutes(1);

    /// <summary>Puts an element in, waiting for room. The result is the number of elements afterwards.</summary>
    public Value Enqueue(params IReadOnlyList<Value> element) => Require.NotEmpty(Name, element)[0].Graph.Add(new Enqueue(this, Many: false), element, $"{Name}/enqueue");

    /// <summary>Puts the rows of tensors [n, …] in as n elements, waiting for room. The result is the number of elements afterwards.</summary>
    public Value EnqueueMany(params IReadOnlyList<Value> elements) => Require.NotEmpty(Name, elements)[0].Graph.Add(new Enqueue(this, Many: true), elements, $"{Name}/enqueue_many");

    /// <summary>Takes an element, waiting for one.</summary>
    public IReadOnlyList<Value> Dequeue(Graph graph) => graph.AddNode(new Dequeue(this, null, UpTo: false), [], $"{Name}/dequeue").Outputs;

    /// <summary>Takes n elements, waiting for them; tensors of different lengths are filled up with zeros.</summary>
    /// <returns>Tensors [n, …].</returns>
    public IReadOnlyList<Value> DequeueMany(Graph graph, int n) => graph.AddNode(new Dequeue(this, n, UpTo: false), [], $"{Name}/dequeue_many").Outputs;

    /// <summary>Takes n elements or, when the queue is closed, as many as are left, if any.</summary>
    /// <returns>Tensors [n or fewer, …].</returns>
    public IReadOnlyList<Value> DequeueUpTo(Graph graph, int n) => graph.AddNode(new Dequeue(this, n, UpTo: true), [], $"{Name}/dequeue_up_to").Outputs;

    /// <summary>Closes the queue. The result is the number of elements that are left.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="cancel">Whether those who wait get an error at once, and what is left is dropped.</param>
    public Value Close(Graph graph, bool cancel = false) => graph.Add(new CloseQueue(this, cancel), [], $"{Name}/close");

    /// <summary>How many elements there are, an Int64 scalar.</summary>
    public Value Size(Graph graph) => graph.Add(new QueueSize(this), [], $"{Name}/size");

    /// <summary>Closes a session's queue from outside of the graph.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancel">Whether those who wait get an error at once, and what is left is dropped.</param>
    public void Close(Session session, bool cancel = false) => State(session).Close(cancel);

    internal QueueState State(Session session) => (QueueState)session.StateOf(this);

    internal override IDisposable CreateState() => new QueueState(this);
}
