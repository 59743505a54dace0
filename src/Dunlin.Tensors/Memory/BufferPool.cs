using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>Keeps returned native memory for the next tensor of about the same size. Thread-safe.</summary>
internal static unsafe class BufferPool
{
    private const int Alignment = 64;

    /// <summary>Blocks above this go back to the system at once: a pool of huge blocks would hold memory that others need.</summary>
    private const long LargestPooled = 16 << 20;

    /// <summary>At most this much idle memory is kept.</summary>
    private const long IdleLimit = 256 << 20;

    private static readonly ConcurrentDictionary<long, ConcurrentStack<nint>> Idle = new();
    private static long s_idleBytes;

    public static (nint Address, long Capacity) Rent(long bytes)
    {
        Require.AtLeast(nameof(BufferPool), bytes, 0);
        var capacity = RoundUp(bytes);
        if (Idle.TryGetValue(capacity, out var stack) && stack.TryPop(out var address))
        {
            Interlocked.Add(ref s_idleBytes, -capacity);
            return (address, capacity);
        }
        var isHuge = HugePages.Suit(capacity);
        try { address = (nint)NativeMemory.AlignedAlloc((nuint)capacity, (nuint)(isHuge ? HugePages.Size : Alignment)); }
        catch (OutOfMemoryException e) { throw new DunlinException($"Out of memory: {bytes:N0} bytes for a tensor are not to be had.", e); }
        if (isHuge) HugePages.Advise(address, capacity);
        GC.AddMemoryPressure(capacity);
        return (address, capacity);
    }

    public static void Return(nint address, long capacity)
    {
        if (capacity <= LargestPooled && Interlocked.Add(ref s_idleBytes, capacity) <= IdleLimit)
        {
            Idle.GetOrAdd(capacity, static _ => new()).Push(address);
            return;
        }
        if (capacity <= LargestPooled) Interlocked.Add(ref s_idleBytes, -capacity);
        NativeMemory.AlignedFree((void*)address);
        GC.RemoveMemoryPressure(capacity);
    }

    /// <summary>Size classes: multiples of 64 up to 1 KiB, then four steps to each power of two, so at most a quarter is lost.</summary>
    private static long RoundUp(long bytes)
    {
        if (bytes <= 1024) return Math.Max(Alignment, (bytes + Alignment - 1) & -Alignment);
        if (bytes > LargestPooled) return (bytes + 4095) & -4096;
        var step = 1L << (BitOperations.Log2((ulong)bytes - 1) - 2);
        return (bytes + step - 1) & -step;
    }
}
