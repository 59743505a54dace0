using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Queues;

public class QueueTests
{
    private static TensorQueue Numbers(int capacity, QueueOrder order = QueueOrder.FirstInFirstOut, int stay = 0) =>
        new("numbers", capacity, new TensorType(DType.Int64, [])) { Order = order, MinAfterDequeue = stay, Timeout = TimeSpan.FromSeconds(20) };

    [Fact]
    public void A_queue_of_one_place_loses_and_reorders_nothing()
    {
        var graph = new Graph();
        var queue = Numbers(1);
        var x = graph.Placeholder("x", DType.Int64, []);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var (put, take) = (session.Compile([x], [queue.Enqueue(x)]), session.Compile([], queue.Dequeue(graph)));
        using var coordinator = new Coordinator();
        var taken = new List<long>();
        coordinator.Repeat("consumer", take, r => taken.Add(r[0].Item<long>()));
        coordinator.Start("producer", _ =>
        {
            for (var i = 0L; i < 2000; i++) put.Run(Tensor.Scalar(i));
            queue.Close(session);
        });
        coordinator.Join();
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => (long)i), taken);
    }

    [Fact]
    public void A_closed_queue_drains_and_then_fails()
    {
        var graph = new Graph();
        var queue = Numbers(10);
        using var session = new Session(graph);
        session.Run(queue.EnqueueMany(graph.Constant(Tensor.From([1L, 2, 3, 4, 5]))));
        Assert.Equal(5, session.Run(queue.Size(graph)).Item<long>());
        Assert.Equal(5, session.Run(queue.Close(graph)).Item<long>());
        Assert.Throws<QueueClosedException>(() => session.Run(queue.Enqueue(graph.Constant(1, DType.Int64))));
        Assert.Equal([1L, 2, 3], session.Run(queue.DequeueMany(graph, 3))[0].ToArray<long>());
        Assert.Contains("has 2 elements left", Assert.Throws<QueueClosedException>(() => session.Run(queue.DequeueMany(graph, 3))).Message, StringComparison.Ordinal);
        Assert.Equal([4L, 5], session.Run(queue.DequeueUpTo(graph, 3))[0].ToArray<long>());
        Assert.Throws<QueueClosedException>(() => session.Run(queue.DequeueUpTo(graph, 3)));
    }

    [Fact]
    public void A_shuffled_queue_gives_every_element_once_in_another_order()
    {
        var graph = new Graph();
        var queue = Numbers(100, QueueOrder.Shuffled, stay: 50);
        using var session = new Session(graph);
        long[] given = [.. Enumerable.Range(0, 100).Select(i => (long)i)];
        session.Run(queue.EnqueueMany(graph.Constant(Tensor.From(given))));
        var first = session.Run(queue.DequeueMany(graph, 50))[0].ToArray<long>();
        queue.Close(session);
        long[] all = [.. first, .. session.Run(queue.DequeueMany(graph, 50))[0].ToArray<long>()];
        Assert.NotEqual(given, all);
        Assert.Equal(given, all.Order());
        Assert.True(first.Average() is > 35 and < 65);
    }

    [Fact]
    public void The_least_comes_first_and_equals_in_the_order_they_came()
    {
        var graph = new Graph();
        var queue = new TensorQueue("jobs", 10, new(DType.Int64, []), new(DType.Float32, [])) { Order = QueueOrder.ByPriority };
        using var session = new Session(graph);
        session.Run(queue.EnqueueMany(graph.Constant(Tensor.From([3L, 1, 2, 1])), graph.Constant(Tensor.From([0f, 1, 2, 3]))));
        Assert.Equal([1f, 3, 2, 0], session.Run(queue.DequeueMany(graph, 4))[1].ToArray<float>());
    }

    [Fact]
    public void Tensors_of_different_lengths_are_filled_up()
    {
        var graph = new Graph();
        var queue = new TensorQueue("rows", 10, new TensorType(DType.Float32, [Shape.Unknown, Shape.Unknown]));
        using var session = new Session(graph);
        session.Run(queue.Enqueue(graph.Constant(Tensor.From([1f, 2], [1, 2]))));
        session.Run(queue.Enqueue(graph.Constant(Tensor.From([3f, 4], [2, 1]))));
        var rows = session.Run(queue.DequeueMany(graph, 2))[0];
        Assert.Equal([2, 2, 2], rows.Shape.Dimensions.ToArray());
        Assert.Equal([1f, 2, 0, 0, 3, 0, 4, 0], rows.ToArray<float>());
        session.Run(queue.Enqueue(graph.Constant(Tensor.From([5f, 6], [1, 2]))));
        Assert.Equal([1, 2], session.Run(queue.Dequeue(graph))[0].Shape.Dimensions.ToArray());
    }

    [Fact]
    public void Waiting_in_vain_ends_with_the_names_of_the_queue_and_of_who_waits()
    {
        var graph = new Graph();
        var queue = new TensorQueue("examples", 2, new TensorType(DType.Int64, [])) { Timeout = TimeSpan.FromMilliseconds(50) };
        using var session = new Session(graph);
        var empty = Assert.Throws<DunlinException>(() => session.Run(queue.Dequeue(graph)));
        Assert.Contains("Dequeue of examples has waited 0.05 s", empty.Message, StringComparison.Ordinal);
        var full = Assert.Throws<DunlinException>(() => session.Run(queue.EnqueueMany(graph.Constant(Tensor.From([1L, 2, 3])))));
        Assert.Contains("it is full (2 elements)", full.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => queue.Enqueue(graph.Constant(1f)));
        Assert.Throws<ShapeException>(() => queue.DequeueMany(graph, 3));
    }

    [Fact]
    public void The_first_error_stops_everybody_and_is_the_one_that_is_thrown()
    {
        var graph = new Graph();
        var queue = Numbers(4);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var take = session.Compile([], queue.Dequeue(graph));
        using var coordinator = new Coordinator();
        coordinator.Closes(session, queue);
        coordinator.Repeat("reader", take);
        coordinator.Start("writer", _ => throw new DunlinException("the disk is full"));
        Assert.Equal("'writer' failed: the disk is full", Assert.Throws<DunlinException>(() => coordinator.Join()).Message);
        Assert.True(coordinator.Stopping.IsCancellationRequested);
    }

    [Fact]
    public void Many_producers_and_consumers_share_a_queue()
    {
        var graph = new Graph();
        var queue = Numbers(8, QueueOrder.Shuffled, stay: 2);
        var x = graph.Placeholder("x", DType.Int64, []);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var (put, take) = (session.Compile([x], [queue.Enqueue(x)]), session.Compile([], queue.Dequeue(graph)));
        using var coordinator = new Coordinator();
        var (sum, count) = (0L, 0);
        coordinator.StartMany("consumer", 3, (_, _) => coordinator.Exhaust(take, r =>
        {
            Interlocked.Add(ref sum, r[0].Item<long>());
            Interlocked.Increment(ref count);
        }));
        coordinator.StartMany("producer", 3, (p, _) =>
        {
            for (var i = p * 300L; i < (p + 1) * 300L; i++) put.Run(Tensor.Scalar(i));
        }, atEnd: () => queue.Close(session));
        coordinator.Join();
        Assert.Equal((900, 900L * 899 / 2), (count, sum));
    }

    [Fact]
    public void The_end_of_many_is_not_reached_when_one_of_them_fails()
    {
        var graph = new Graph();
        var queue = Numbers(4);
        using var session = new Session(graph);
        var ended = false;
        using var coordinator = new Coordinator();
        coordinator.Closes(session, queue);
        var take = session.Compile([], queue.Dequeue(graph));
        coordinator.StartMany("reader", 2, (i, _) =>
        {
            if (i == 1) throw new InvalidOperationException("no such record");
            coordinator.Exhaust(take);
        }, atEnd: () => ended = true);
        Assert.Equal("'reader 1' failed: no such record", Assert.Throws<DunlinException>(() => coordinator.Join()).Message);
        Assert.False(ended);
    }
}
