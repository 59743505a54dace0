using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What a group and all groups split from it share: the first failure, who has left, and the bell on which all of them wait.</summary>
internal sealed class LocalWorld(int size, LocalOptions options)
{
    private readonly Member[] _members = new Member[size];
    private string? _reason;
    private int _departures;

    public Bell Bell { get; } = new(size);

    public LocalOptions Options { get; } = options;

    /// <summary>In <see cref="Environment.TickCount64"/>, for a wait that begins now.</summary>
    public long Deadline => Environment.TickCount64 + (long)Math.Min(Options.Timeout.TotalMilliseconds + 1, int.MaxValue);

    public bool Failed => Volatile.Read(ref _reason) is not null;

    /// <summary>Whether any rank has left this or a derived group: the usual answer, no, spares a look at each.</summary>
    public bool AnyLeft => Volatile.Read(ref _departures) > 0;

    public bool HasLeft(int rank) => Volatile.Read(ref _members[rank].Left);

    public void NoteDeparture()
    {
        Interlocked.Increment(ref _departures);
        Bell.Ring();
    }

    public void Leave(int rank)
    {
        Volatile.Write(ref _members[rank].Left, true);
        NoteDeparture();
    }

    /// <summary>What the rank waits in, for the error messages of others.</summary>
    public Ticket? WaitsIn(int rank) => Volatile.Read(ref _members[rank].WaitsIn);

    public void SetWaitsIn(int rank, Ticket? ticket) => Volatile.Write(ref _members[rank].WaitsIn, ticket);

    /// <summary>Fails everything; of several reasons the first stays.</summary>
    public void Fail(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        Bell.Ring();
    }

    public void ThrowIfFailed()
    {
        if (Failed) Throw();
    }

    /// <summary>Throws the first reason, once no rank works in anybody's buffers any more: what is thrown here lets their owner free them.</summary>
    [DoesNotReturn]
    public void Throw()
    {
        Quiesce();
        throw new CommunicationException(_reason!);
    }

    /// <summary>Announces that the rank is about to touch others' buffers. False: the group has failed, and it must not.</summary>
    public bool TryBeginWork(int rank)
    {
        Interlocked.Increment(ref _members[rank].Working);
        if (!Failed) return true;
        EndWork(rank);
        return false;
    }

    public void EndWork(int rank) => Interlocked.Decrement(ref _members[rank].Working);

    /// <summary>Returns when no rank works in buffers any more. Call after a failure: nobody begins again then, and a chunk takes microseconds.</summary>
    public void Quiesce()
    {
        for (var rank = 0; rank < _members.Length; rank++)
        {
            var spinner = new SpinWait();
            while (Volatile.Read(ref _members[rank].Working) != 0) spinner.SpinOnce();
        }
    }

    /// <summary>Two cache lines each, so that one rank's work does not slow another's.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Member
    {
        public Ticket? WaitsIn;
        public int Working;
        public bool Left;
    }
}
