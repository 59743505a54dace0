using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>
/// Memory of one process that other processes of its host see as well. It has a name only in /proc, where who may look at the process finds it, so nothing stays behind when the process ends.
/// It takes addresses, not memory, until it is written to.
/// </summary>
internal sealed unsafe partial class SharedMemory : IDisposable
{
    /// <summary>Addresses of each process: far more than it will write to.</summary>
    public const long Bytes = 1L << 36;

    /// <summary>Dunlin runs on 64 bits.</summary>
    private static nint Length => unchecked((nint)Bytes);

    private const int ReadWrite = 3, Shared = 1, OpenReadWrite = 2, CloseOnExec = 1;

    private SharedMemory(nint address, int file) => (Address, File) = (address, file);

    /// <summary>The first byte, as this process sees it.</summary>
    public nint Address { get; }

    /// <summary>The number by which the owner knows it.</summary>
    public int File { get; }

    /// <summary>Makes this process's; null where the system has no such thing.</summary>
    public static SharedMemory? Create()
    {
        if (!OperatingSystem.IsLinux()) return null;
        var file = memfd_create("dunlin", CloseOnExec);
        if (file < 0) return null;
        return ftruncate(file, Bytes) == 0 ? Map(file) : Close(file);
    }

    /// <summary>Sees another process's; null where that is not allowed, or it is not on this host.</summary>
    public static SharedMemory? Open(int process, int file)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var own = open($"/proc/{process}/fd/{file}", OpenReadWrite);
        return own < 0 ? null : Map(own);
    }

    public bool Contains(nint address, long bytes) => address >= Address && address + (nint)bytes <= Address + Length;

    public void Dispose()
    {
        _ = munmap(Address, (nuint)Length);
        _ = close(File);
    }

    private static SharedMemory? Map(int file)
    {
        var address = mmap(0, (nuint)Length, ReadWrite, Shared, file, 0);
        return address == -1 ? Close(file) : new(address, file);
    }

    private static SharedMemory? Close(int file)
    {
        _ = close(file);
        return null;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc")]
    private static partial int ftruncate(int file, long length);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int close(int file);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint length);
}
