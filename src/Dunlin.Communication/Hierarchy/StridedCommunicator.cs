using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A group whose collectives are made of calls of other groups, in several strides. Every rank begins each stride in the order of the calls, whatever the order of the waits.</summary>
internal abstract class StridedCommunicator(ProcessWorld world, Seat seat, string group, int[] worldRanks, int rank) : ClusterCommunicator(world, seat, group, worldRanks, rank)
{
    private readonly Stack<StridedOperation> _idle = new();
    private readonly List<StridedOperation> _underWay = [];

    /// <summary>Lets every operation take the strides that it can take.</summary>
    public override void Advance()
    {
        StridedOperation? before = null;
        foreach (var operation in _underWay)
        {
            while ((before is null || before.Stride > operation.Stride) && operation.TryEndStride()) operation.TakeStride();
            before = operation;
        }
        while (_underWay is [{ IsDone: true }, ..]) _underWay.RemoveAt(0);
    }

    protected abstract StridedOperation NewOperation();

    protected override ClusterOperation Post(in Call call, CommBuffer input, CommBuffer output)
    {
        if (!_idle.TryPop(out var operation)) operation = NewOperation();
        operation.Fill(this, call, input, output);
        if (call.Number > 0)
        {
            _underWay.Add(operation);
            Advance();
        }
        return operation;
    }

    protected override void Recycle(ClusterOperation operation) => _idle.Push((StridedOperation)operation);
}
