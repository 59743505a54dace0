using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

internal enum CallKind
{
    AllReduce,
    ReduceScatter,
    AllGather,
    Broadcast,
    AllToAll,
    Barrier,
    Split,
    Send,
    Receive,
}

/// <summary>What a rank asked for, without its buffers: equal on all ranks of a collective.</summary>
/// <param name="Kind">Which operation.</param>
/// <param name="Number">The how manyth collective of the group, from 1; 0 for a send or receive.</param>
/// <param name="Type">Element type.</param>
/// <param name="Count">Elements of one part.</param>
/// <param name="Op">How reductions combine.</param>
/// <param name="Peer">The root of a broadcast, the other side of a send or receive.</param>
/// <param name="Tag">Of a send or receive.</param>
internal readonly record struct Call(CallKind Kind, long Number, DType Type, long Count, ReduceOp Op = ReduceOp.Sum, int Peer = 0, int Tag = 0)
{
    public override string ToString() => Kind switch
    {
        CallKind.AllReduce or CallKind.ReduceScatter => $"{Kind} #{Number} of {Count} {Type}, {Op}",
        CallKind.Broadcast => $"{Kind} #{Number} of {Count} {Type} from root {Peer}",
        CallKind.AllGather or CallKind.AllToAll => $"{Kind} #{Number} of {Count} {Type}",
        CallKind.Send => $"Send of {Count} {Type} to rank {Peer}, tag {Tag}",
        CallKind.Receive => $"Receive of {Count} {Type} from rank {Peer}, tag {Tag}",
        _ => $"{Kind} #{Number}",
    };
}
