using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A send and its receive: the copy goes straight from the sender's buffer to the receiver's.</summary>
internal sealed class Transfer(LocalTeam team) : SharedWork(team, 2)
{
    /// <summary>The next in the receiver's <see cref="Mailbox"/>.</summary>
    public Transfer? Next { get; set; }

    public Ticket Sender => Tickets[0];

    public Ticket Receiver => Tickets[1];

    public int Tag { get; private set; }

    public void Begin(int sender, int receiver, int tag)
    {
        Reset();
        Sender.Rank = sender;
        Receiver.Rank = receiver;
        Tag = tag;
        Next = null;
    }

    public Ticket Join(LocalCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        var ticket = call.Kind == CallKind.Send ? Sender : Receiver;
        ticket.Fill(owner, call, input, output, uses: 1);
        Arrive(ticket, ChunkPlan.Of(call, 2).Chunks);
        return ticket;
    }

    protected override void Execute(long chunk)
    {
        var begin = chunk * ChunkPlan.ChunkBytes;
        var bytes = Math.Min(ChunkPlan.ChunkBytes, Sender.Input.Bytes - begin);
        CollectiveWork.Copy(Sender.Input.Address + (nint)begin, Receiver.Output.Address + (nint)begin, bytes);
    }

    protected override void Recycle() => Team.Transfers.Return(this);

    protected override string? Conflict(Ticket a, Ticket b) =>
        (Sender.Call.Type, Sender.Call.Count) != (Receiver.Call.Type, Receiver.Call.Count) ? Report.Unmatched(Sender, Receiver)
        : CommBuffers.Overlap(Sender.Input, Receiver.Output) ? Report.SharedMemory(a, b)
        : null;
}
