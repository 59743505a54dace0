namespace Dunlin.Graphs.Plans;

/// <summary>Where a value's elements lie while a plan runs.</summary>
internal sealed class Storage
{
    private Storage(long bytes) => Bytes = bytes;

    public long Bytes { get; }

    /// <summary>The memory's address, for constants and variables.</summary>
    public nint Address { get; private init; }

    /// <summary>Its place among the feeds, or −1.</summary>
    public int Feed { get; private init; } = -1;

    /// <summary>Whether the plan decides where in its arena it lies.</summary>
    public bool IsInArena { get; private init; }

    /// <summary>Whether it lies among what ranks exchange, apart from the rest of the arena; for one that has no <see cref="Parent"/>.</summary>
    public bool IsExchanged { get; set; }

    /// <summary>Its place in the arena, for one that has no <see cref="Parent"/>.</summary>
    public long Offset { get; set; }

    /// <summary>The storage that this one is a part of.</summary>
    public Storage? Parent { get; private set; }

    public long ParentOffset { get; private set; }

    /// <summary>The first step that writes it.</summary>
    public int First { get; set; } = int.MaxValue;

    /// <summary>The last step that reads or writes it.</summary>
    public int Last { get; set; } = -1;

    public Storage Root => Parent?.Root ?? this;

    public long RootOffset => Parent is null ? 0 : ParentOffset + Parent.RootOffset;

    public static Storage Arena(long bytes) => new(bytes) { IsInArena = true };

    public static Storage At(nint address, long bytes) => new(bytes) { Address = address };

    public static Storage Fed(int feed, long bytes) => new(bytes) { Feed = feed };

    public Storage Part(long offset, long bytes)
    {
        var part = new Storage(bytes) { IsInArena = IsInArena };
        part.MoveInto(this, offset);
        return part;
    }

    /// <summary>Makes this storage a part of another, which then lives as long as both.</summary>
    public void MoveInto(Storage parent, long offset)
    {
        (Parent, ParentOffset) = (parent, offset);
        parent.Root.First = Math.Min(parent.Root.First, First);
        parent.Root.Last = Math.Max(parent.Root.Last, Last);
    }

    public void Use(int step)
    {
        Root.First = Math.Min(Root.First, step);
        Root.Last = Math.Max(Root.Last, step);
    }
}
