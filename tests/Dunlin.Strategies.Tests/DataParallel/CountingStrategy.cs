using Dunlin.Graphs;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A strategy whose communicators count the bytes that a rank hands to them for the others, or gets from them.</summary>
/// <param name="inner">What is counted.</param>
/// <param name="waits">Whether each operation is waited for where it starts, so that nothing overlaps.</param>
internal sealed class CountingStrategy(ITrainingStrategy inner, bool waits = false) : ITrainingStrategy
{
    private long _bytes;

    public string Name => inner.Name;

    public int Workers => inner.Workers;

    /// <summary>The sum over all ranks.</summary>
    public long Bytes => _bytes;

    public void Run(Action<IWorker> program) => inner.Run(worker => program(new Worker(worker, new CountingCommunicator(worker.Communicator, bytes => Interlocked.Add(ref _bytes, bytes), waits))));

    private sealed class Worker(IWorker inner, ICommunicator communicator) : IWorker
    {
        public int Rank => inner.Rank;

        public ICommunicator Communicator => communicator;

        public string Axis => inner.Axis;

        public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => inner.Combine(gradients, share);

        public IShards? Shards => inner.Shards;

        public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => inner.Sum(scalars);
    }

    private sealed class CountingCommunicator(ICommunicator inner, Action<long> count, bool waits) : ICommunicator
    {
        public int Rank => inner.Rank;

        public int Size => inner.Size;

        public IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => Counted(buffer.Bytes, inner.StartAllReduce(buffer, op));

        public IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op) => Counted(input.Bytes, inner.StartReduceScatter(input, output, op));

        public IPendingOperation StartAllGather(CommBuffer input, CommBuffer output) => Counted(output.Bytes, inner.StartAllGather(input, output));

        public IPendingOperation StartBroadcast(CommBuffer buffer, int root) => Counted(buffer.Bytes, inner.StartBroadcast(buffer, root));

        public IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output) => Counted(input.Bytes, inner.StartAllToAll(input, output));

        public IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0) => Counted(buffer.Bytes, inner.StartSend(buffer, peer, tag));

        public IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0) => inner.StartReceive(buffer, peer, tag);

        public IPendingOperation StartBarrier() => inner.StartBarrier();

        public ICommunicator Split(int color, int key) => new CountingCommunicator(inner.Split(color, key), count, waits);

        public void Abort(string reason) => inner.Abort(reason);

        public void Dispose() => inner.Dispose();

        private IPendingOperation Counted(long bytes, IPendingOperation operation)
        {
            count(bytes);
            if (!waits) return operation;
            operation.Wait();
            return new Waited();
        }

        private sealed class Waited : IPendingOperation
        {
            public bool IsCompleted => true;

            public void Wait() { }
        }
    }
}
