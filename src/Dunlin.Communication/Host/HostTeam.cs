using System.Runtime.CompilerServices;

namespace Dunlin.Communication;

/// <summary>
/// A group of ranks on one host, in memory that all of them see: a ring of collectives under way, a mailbox for each rank, and room for few elements of each collective. The same layout serves ranks of one process and of many.
/// </summary>
internal sealed unsafe class HostTeam
{
    /// <summary>Collectives that may be under way: a rank that is further ahead waits.</summary>
    public const int Slots = 32;

    /// <summary>Messages that may be under way to one rank.</summary>
    public const int MailboxEntries = 128;

    private readonly byte* _slots;
    private readonly byte* _mailboxes;
    private readonly byte* _small;
    private readonly int _slotBytes;

    /// <param name="memory">Of the host.</param>
    /// <param name="place">Where the group's block lies.</param>
    /// <param name="size">Ranks.</param>
    public HostTeam(HostMemory memory, Place place, int size)
    {
        (Memory, Size) = (memory, size);
        _slotBytes = sizeof(HostSlot) + size * sizeof(HostPost);
        _slots = (byte*)memory.AddressOf(place);
        _mailboxes = _slots + Slots * (long)_slotBytes;
        _small = _mailboxes + size * (long)MailboxBytes;
    }

    public HostMemory Memory { get; }

    public int Size { get; }

    /// <summary>The most bytes of a rank that lie beside its call. All read all of them.</summary>
    public int SmallBytes => SmallBytesOf(Size);

    /// <summary>Makes a group's block in this process's memory.</summary>
    public static Place Create(HostMemory memory, int size)
    {
        var bytes = Slots * (long)(sizeof(HostSlot) + size * sizeof(HostPost)) + size * (long)MailboxBytes;
        var place = memory.PlaceOf(memory.Pool.Rent(bytes + (long)Slots * size * SmallBytesOf(size)));
        new Span<byte>((void*)memory.AddressOf(place), checked((int)bytes)).Clear();
        var team = new HostTeam(memory, place, size);
        for (var n = 1L; n <= Slots; n++) team.Slot(n)->Number = n;
        return place;
    }

    public HostSlot* Slot(long number) => (HostSlot*)(_slots + (number - 1) % Slots * _slotBytes);

    public HostPost* Post(long number, int rank) => (HostPost*)((byte*)Slot(number) + sizeof(HostSlot)) + rank;

    /// <summary>Where a rank's few elements of a collective lie.</summary>
    public nint Small(long number, int rank) => (nint)(_small + ((number - 1) % Slots * Size + rank) * SmallBytes);

    /// <summary>A rank's mailbox: its lock, the next order, and its entries.</summary>
    public HostMailbox Mailbox(int rank) => new(_mailboxes + (long)rank * MailboxBytes);

    private static int SmallBytesOf(int size) => Math.Clamp((64 << 10) / size, 512, 8 << 10) / 64 * 64;

    private static int MailboxBytes => HostMailbox.HeadBytes + MailboxEntries * Unsafe.SizeOf<HostMessage>();
}

/// <summary>The messages under way to one rank. Who looks through them holds the lock, for less than a microsecond.</summary>
internal readonly unsafe struct HostMailbox(byte* address)
{
    public const int HeadBytes = 64;

    private int* Lock => (int*)address;

    private long* Next => (long*)(address + 8);

    public HostMessage* Entry(int number) => (HostMessage*)(address + HeadBytes) + number;

    public bool TryLock() => Interlocked.CompareExchange(ref *Lock, 1, 0) == 0;

    public void Unlock() => Volatile.Write(ref *Lock, 0);

    /// <summary>The oldest entry from a sender with a tag that waits for its other side, or null.</summary>
    public HostMessage* Find(int sender, int tag, bool isSend)
    {
        HostMessage* oldest = null;
        for (var i = 0; i < HostTeam.MailboxEntries; i++)
        {
            var entry = Entry(i);
            if (entry->State == MessageState.Waiting && entry->Sender == sender && entry->Tag == tag && entry->IsSend == (isSend ? 1 : 0) && (oldest == null || entry->Order < oldest->Order)) oldest = entry;
        }
        return oldest;
    }

    /// <summary>A free entry, or null.</summary>
    public HostMessage* Add()
    {
        for (var i = 0; i < HostTeam.MailboxEntries; i++)
        {
            if (Entry(i)->State != MessageState.Free) continue;
            Entry(i)->Order = ++*Next;
            return Entry(i);
        }
        return null;
    }
}
