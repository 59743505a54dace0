using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A strategy whose workers are changed.</summary>
/// <param name="inner">What is changed.</param>
/// <param name="change">Makes another worker of a worker.</param>
internal class ChangedStrategy(ITrainingStrategy inner, Func<IWorker, IWorker> change) : ITrainingStrategy
{
    public string Name => inner.Name;

    public int Workers => inner.Workers;

    public int LocalWorkers => inner.LocalWorkers;

    public void Run(Action<IWorker> program) => inner.Run(worker => program(change(worker)));
}

/// <summary>A worker that meets the others otherwise.</summary>
internal class ChangedWorker(IWorker inner, ICommunicator? communicator = null) : IWorker
{
    public int Rank => inner.Rank;

    public ICommunicator Communicator { get; } = communicator ?? inner.Communicator;

    public double ClockOffset => inner.ClockOffset;

    public string Axis => inner.Axis;

    public IReadOnlyList<(Variable Variable, Value Value)> Updates => inner.Updates;

    public IShards? Shards => inner.Shards;

    public virtual IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => inner.Combine(gradients, share);

    public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => inner.Sum(scalars);
}

/// <summary>A communicator of which some calls are changed.</summary>
internal abstract class ChangedCommunicator(ICommunicator inner) : ICommunicator
{
    public int Rank => inner.Rank;

    public int Size => inner.Size;

    public Func<long, NativeBuffer>? Rent => inner.Rent;

    public virtual IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => inner.StartAllReduce(buffer, op);

    public virtual IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op) => inner.StartReduceScatter(input, output, op);

    public virtual IPendingOperation StartAllGather(CommBuffer input, CommBuffer output) => inner.StartAllGather(input, output);

    public virtual IPendingOperation StartBroadcast(CommBuffer buffer, int root) => inner.StartBroadcast(buffer, root);

    public virtual IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output) => inner.StartAllToAll(input, output);

    public virtual IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0) => inner.StartSend(buffer, peer, tag);

    public IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0) => inner.StartReceive(buffer, peer, tag);

    public IPendingOperation StartBarrier() => inner.StartBarrier();

    public ICommunicator Split(int color, int key) => Change(inner.Split(color, key));

    public void Abort(string reason) => inner.Abort(reason);

    public void ReportStep(long step) => inner.ReportStep(step);

    public void Dispose() => inner.Dispose();

    /// <summary>A group of some of the ranks, changed alike.</summary>
    protected abstract ICommunicator Change(ICommunicator group);
}
