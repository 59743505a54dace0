using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A call on its way over hosts: a stride within the host, one between hosts, one within the host again.</summary>
internal sealed class HierarchicalOperation : StridedOperation
{
    private const int Within = 1, Between = 2, Spread = 3, End = 4;

    private CommBuffer _buffer;
    private nint _copy;

    private HierarchicalCommunicator Group => (HierarchicalCommunicator)Owner!;

    protected override void Prepare()
    {
        var (owner, call, input, output) = (Group, Call, Input, Output);
        _copy = 0;
        if (call.Number == 0)
        {
            Await(owner.StartMessage(call, call.Kind == CallKind.Send ? input : output, MessageUse.OfWorld));
            return;
        }
        // All strides are over one buffer: of what is reduced or sent, or where the parts of all ranks meet.
        _buffer = call.Kind switch
        {
            CallKind.ReduceScatter => input,
            CallKind.AllToAll => new(0, input.Count * owner.Size, input.Type),
            _ => output,
        };
        if (_buffer.Bytes == 0 || (call.Kind is CallKind.AllReduce or CallKind.AllGather or CallKind.Broadcast && owner.Memory.IsShared(_buffer.Address, _buffer.Bytes))) return;
        _copy = owner.Memory.Pool.Rent(_buffer.Bytes);
        if (call.Kind is CallKind.AllReduce or CallKind.ReduceScatter or CallKind.Broadcast) CollectiveWork.Copy(_buffer.Address, _copy, _buffer.Bytes);
        _buffer = _buffer with { Address = _copy };
    }

    protected override bool Take(int stride)
    {
        switch (stride)
        {
            case Within: Await(StartWithin()); break;
            case Between when Group.IsLeader: Await(StartBetween()); break;
            case Spread: Await(StartSpread()); break;
            case End:
                Finish();
                return false;
        }
        return true;
    }

    private int RootHost => Call.Peer / Group.LocalSize;

    /// <summary>The part of the buffer that this host's ranks fill.</summary>
    private CommBuffer HostPart
    {
        get
        {
            var count = _buffer.Count / Group.Size * Group.LocalSize;
            return new(_buffer.Address + (nint)(Group.Host * count * _buffer.Type.Size()), count, _buffer.Type);
        }
    }

    private IPendingOperation? StartWithin() => Call.Kind switch
    {
        CallKind.AllReduce or CallKind.ReduceScatter => Group.Local.StartAllReduce(_buffer, Call.Op),
        CallKind.AllGather or CallKind.AllToAll => Group.Local.StartAllGather(Input, HostPart),
        CallKind.Broadcast => Group.Host == RootHost ? Group.Local.StartBroadcast(_buffer, Call.Peer % Group.LocalSize) : null,
        _ => Group.Local.StartBarrier(),
    };

    private IPendingOperation StartBetween() => Call.Kind switch
    {
        CallKind.AllReduce or CallKind.ReduceScatter => Group.Leaders.StartAllReduce(_buffer, Call.Op),
        CallKind.AllGather or CallKind.AllToAll => Group.Leaders.StartAllGather(HostPart, _buffer),
        CallKind.Broadcast => Group.Leaders.StartBroadcast(_buffer, RootHost),
        _ => Group.Leaders.StartBarrier(),
    };

    private IPendingOperation? StartSpread() => Call.Kind switch
    {
        CallKind.Barrier => Group.Spread.StartBarrier(),
        // There, all have it already.
        CallKind.Broadcast when Group.Host == RootHost => null,
        _ => Group.Spread.StartBroadcast(_buffer, 0),
    };

    private void Finish()
    {
        switch (Call.Kind)
        {
            case CallKind.ReduceScatter:
                CollectiveWork.Copy(_buffer.Address + (nint)(Group.Rank * Output.Bytes), Output.Address, Output.Bytes);
                break;
            case CallKind.AllToAll:
                var part = Output.Bytes / Group.Size;
                for (var rank = 0; rank < Group.Size; rank++)
                    CollectiveWork.Copy(_buffer.Address + (nint)(rank * Input.Bytes + Group.Rank * part), Output.Address + (nint)(rank * part), part);
                break;
            default:
                if (_copy != 0) CollectiveWork.Copy(_copy, Output.Address, Output.Bytes);
                break;
        }
        if (_copy != 0) Group.Memory.Pool.Return(_copy, _buffer.Bytes);
    }
}
