using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>What a strategy must not do.</summary>
internal static class Mistakes
{
    /// <summary>Takes 0 for the first element of all that the last rank adds to a sum, or sends to be added.</summary>
    /// <param name="inner">Does it right.</param>
    /// <param name="sharding">With pieces, what is gathered are weights.</param>
    public static ITrainingStrategy MissATerm(ITrainingStrategy inner, ShardingStage sharding) =>
        new ChangedStrategy(inner, worker => new ChangedWorker(worker, new Forgetful(worker.Communicator, gathers: sharding == ShardingStage.None)));

    /// <summary>Takes the mean of what the ranks find for the mean over all examples.</summary>
    public static ITrainingStrategy WeighSharesEqually(ITrainingStrategy inner) => new ChangedStrategy(inner, worker => new Equal(worker));

    private sealed unsafe class Forgetful(ICommunicator inner, bool gathers) : ChangedCommunicator(inner)
    {
        public override IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => base.StartAllReduce(Forget(buffer), op);

        public override IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op) => base.StartReduceScatter(Forget(input), output, op);

        public override IPendingOperation StartAllGather(CommBuffer input, CommBuffer output) => base.StartAllGather(gathers ? Forget(input) : input, output);

        protected override ICommunicator Change(ICommunicator group) => new Forgetful(group, gathers);

        private CommBuffer Forget(CommBuffer buffer)
        {
            // Of top-k, places come first, and then the elements by their bits.
            var first = buffer.Type == DType.Int32 ? buffer.Count / 2 : 0;
            if (Rank == Size - 1 && buffer.Type is DType.Float32 or DType.Int32 && buffer.Count > 0) ((float*)buffer.Address)[first] = 0;
            return buffer;
        }
    }

    private sealed class Equal(IWorker inner) : ChangedWorker(inner)
    {
        public override IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share)
        {
            var factor = Operations.Select(share.Weight > 0, 1 / (share.Weight * Communicator.Size), share.Weight.Number(0));
            return base.Combine([.. gradients.Select(g => (Gradient)(g.Values * factor))], share);
        }
    }
}
