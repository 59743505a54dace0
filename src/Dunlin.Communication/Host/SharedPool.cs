using System.Collections.Concurrent;
using System.Numerics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Hands out blocks of this process's shared memory and keeps those that come back for later. Thread-safe.</summary>
internal sealed class SharedPool(SharedMemory memory)
{
    private const long Smallest = 4096;

    private readonly ConcurrentDictionary<long, ConcurrentStack<nint>> _idle = [];
    // The first page holds what the others know the memory by.
    private long _used = Smallest;

    /// <summary>Memory for the caller to return.</summary>
    /// <param name="bytes">At least 0.</param>
    public nint Rent(long bytes)
    {
        var size = SizeOf(bytes);
        if (_idle.TryGetValue(size, out var stack) && stack.TryPop(out var address)) return address;
        var end = Interlocked.Add(ref _used, size);
        if (end > SharedMemory.Bytes) throw new CommunicationException($"The {SharedMemory.Bytes >> 30} GiB of memory that processes of one host share are used up; {bytes:N0} bytes more are not to be had.");
        return memory.Address + (nint)(end - size);
    }

    /// <summary>Takes a block back.</summary>
    public void Return(nint address, long bytes) => _idle.GetOrAdd(SizeOf(bytes), static _ => new()).Push(address);

    /// <summary>A block for a tensor or a plan; it comes back when nobody holds it.</summary>
    public NativeBuffer RentBuffer(long bytes) => NativeBuffer.Wrap(Rent(bytes), bytes, Return);

    /// <summary>Pages, then powers of two and the middles between them: few sizes, so that what comes back fits again.</summary>
    private static long SizeOf(long bytes)
    {
        if (bytes <= Smallest) return Smallest;
        var power = (long)BitOperations.RoundUpToPowerOf2((ulong)bytes);
        return bytes <= power / 4 * 3 ? power / 4 * 3 : power;
    }
}
