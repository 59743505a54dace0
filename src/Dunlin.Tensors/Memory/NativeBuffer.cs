using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>
/// A block of native memory, aligned to 64 bytes (a cache line, and the widest vector). When nobody holds it any more the
/// garbage collector's finalizer returns it to the <see cref="BufferPool"/>, so nobody has to free it.
/// </summary>
public sealed unsafe class NativeBuffer
{
    private readonly Action<nint, long> _return;

    private NativeBuffer(nint address, long capacity, Action<nint, long> giveBack) => (Address, Capacity, _return) = (address, capacity, giveBack);

    /// <summary>Returns the memory to the pool.</summary>
    ~NativeBuffer() => _return(Address, Capacity);

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
        return new NativeBuffer(address, capacity, BufferPool.Return);
    }

    /// <summary>Memory of another kind, such as one that other processes see.</summary>
    /// <param name="address">The first byte, a multiple of 64.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="giveBack">Gets both when nobody holds the buffer any more, on the finalizer's thread.</param>
    public static NativeBuffer Wrap(nint address, long bytes, Action<nint, long> giveBack) => new(address, bytes, giveBack);

    /// <summary>
    /// Memory of zeros that is a file, so that the system keeps in RAM what is in use and writes the rest to disk. The file has no name from the beginning, so that it is gone when nobody holds the buffer any more or the process has ended.
    /// </summary>
    /// <param name="directory">On a disk with room for it. Where it is memory itself, as <c>/dev/shm</c> is, nothing is gained.</param>
    /// <param name="bytes">At least 1.</param>
    /// <exception cref="DunlinException">There is no such directory, nothing can be written to it, or it is full.</exception>
    public static NativeBuffer Map(string directory, long bytes)
    {
        var file = MappedFile.Create(directory, bytes);
        return new NativeBuffer(file.Address, bytes, (_, _) => file.Close());
    }

    /// <summary>Rents memory filled with zeros.</summary>
    public static NativeBuffer RentZeroed(long bytes)
    {
        var buffer = Rent(bytes);
        NativeMemory.Clear((void*)buffer.Address, (nuint)bytes);
        return buffer;
    }
}
