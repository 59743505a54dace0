using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>What one rank has called, where the others of its host see it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct HostPost
{
    /// <summary>The collective's number once all else is written; something else before.</summary>
    public long Ready;

    public Call Call;

    public Place Input;

    public Place Output;
}

/// <summary>
/// One collective under way, in shared memory: which chunks are taken and done, how many ranks have gone. Behind it lie the posts of all ranks. Fields that many write lie apart, so
/// that they do not slow each other.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct HostSlot
{
    /// <summary>The collective that may use the slot now.</summary>
    [FieldOffset(0)] public long Number;

    /// <summary>How many are through with it.</summary>
    [FieldOffset(8)] public int Released;

    [FieldOffset(64)] public long Taken;

    [FieldOffset(128)] public long Done;
}

/// <summary>A send or a receive in its receiver's mailbox.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct HostMessage
{
    /// <summary>One of <see cref="MessageState"/>.</summary>
    public int State;

    public int Sender;

    public int Tag;

    /// <summary>Whether it was posted by its sender.</summary>
    public int IsSend;

    /// <summary>The oldest of equals comes first.</summary>
    public long Order;

    public Call First;

    public Call Second;

    public Place From;

    public Place To;
}

/// <summary>How far a message has come.</summary>
internal static class MessageState
{
    public const int Free = 0, Waiting = 1, Matched = 2, Copying = 3, Done = 4;
}
