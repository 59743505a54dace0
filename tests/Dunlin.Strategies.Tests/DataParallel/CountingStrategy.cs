using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A strategy whose communicators count the bytes that a rank sends, on average, by the algorithm that sends least.</summary>
internal sealed class CountingStrategy : ChangedStrategy
{
    private readonly Counter _counter;

    /// <param name="inner">What is counted.</param>
    /// <param name="waits">Whether each operation is waited for where it starts, so that nothing overlaps.</param>
    public CountingStrategy(ITrainingStrategy inner, bool waits = false) : this(inner, waits, new()) { }

    private CountingStrategy(ITrainingStrategy inner, bool waits, Counter counter)
        : base(inner, worker => new ChangedWorker(worker, new CountingCommunicator(worker.Communicator, counter, waits))) => _counter = counter;

    /// <summary>The sum over all ranks of this process.</summary>
    public long Bytes => _counter.Bytes;

    private sealed class Counter
    {
        private long _bytes;

        public long Bytes => _bytes;

        public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
    }

    private sealed class CountingCommunicator(ICommunicator inner, Counter counter, bool waits) : ChangedCommunicator(inner)
    {
        public override IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => Counted(2 * Others(buffer), base.StartAllReduce(buffer, op));

        public override IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op) => Counted(Others(input), base.StartReduceScatter(input, output, op));

        public override IPendingOperation StartAllGather(CommBuffer input, CommBuffer output) => Counted(Others(output), base.StartAllGather(input, output));

        public override IPendingOperation StartBroadcast(CommBuffer buffer, int root) => Counted(Others(buffer), base.StartBroadcast(buffer, root));

        public override IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output) => Counted(Others(input), base.StartAllToAll(input, output));

        public override IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0) => Counted(buffer.Bytes, base.StartSend(buffer, peer, tag));

        protected override ICommunicator Change(ICommunicator group) => new CountingCommunicator(group, counter, waits);

        /// <summary>All but the rank's own part.</summary>
        private long Others(CommBuffer buffer) => buffer.Bytes * (Size - 1) / Size;

        private IPendingOperation Counted(long bytes, IPendingOperation operation)
        {
            counter.Add(bytes);
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
