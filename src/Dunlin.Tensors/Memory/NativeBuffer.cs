using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>
/// A block of native memory, aligned to 64 bytes (a cache line, and the widest vector). When nobody holds it any more the
/// garbage collector's finalizer returns it to the <see cref="BufferPool"/>, so nobody has to free it.
/// </summary>
public sealed unsafe class NativeBuffer
{
    internal NativeBuffer(nint address, long capacity)
    {
        Address = address;
        Capacity = capacity;
    }

    /// <summary>Returns the memory to the pool.</summary>
    ~NativeBuffer() => BufferPool.Return(Address, Capacity);

    /// <summary>The first byte, a multiple of 64.</summary>
    public nint Address { get; }

    /// <summary>Usable bytes; at least as many as were asked for.</summary>
    public long Capacity { get; }

    /// <summary>Rents memory; its contents are arbitrary.</summary>
    /// <param name="bytes">At least 0.</param>
    /// <exception cref="DunlinException">The system has no such amount of memory.</exception>
    public static NativeBuffer Rent(long bytes)
    {
        var (address, capacity) = BufferPool.Rent(bytes);
        return new NativeBuffer(address, capacity);
    }

    /// <summary>Rents memory filled with zeros.</summary>
    public static NativeBuffer RentZeroed(long bytes)
    {
        var buffer = Rent(bytes);
        NativeMemory.Clear((void*)buffer.Address, (nuint)bytes);
        return buffer;
    }
}
