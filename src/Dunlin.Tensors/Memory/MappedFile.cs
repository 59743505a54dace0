using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>
/// Memory that is a file without a name: the system writes to disk what is not in use, and reads it when it is, so that there may be more of it than RAM. The room is reserved when the file is made: a disk that turned out to be full at
/// a write to memory would end the process without a word.
/// </summary>
internal sealed unsafe partial class MappedFile
{
    private const int NoSpace = 28, FileTooLarge = 27, OverQuota = 122, Unsupported = 95, Invalid = 22, Interrupted = 4;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _bytes;

    private MappedFile(FileStream stream, long bytes)
    {
        (_stream, _bytes) = (stream, bytes);
        _map = MemoryMappedFile.CreateFromFile(stream, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, bytes);
        byte* address = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        Address = (nint)address;
        // Who lets go of files in time needs the collector to run, as with other memory.
        GC.AddMemoryPressure(bytes);
    }

    /// <summary>The first byte, where a page begins. The bytes are zeros.</summary>
    public nint Address { get; }

    /// <summary>Makes one.</summary>
    /// <param name="directory">On a disk with room for it.</param>
    /// <param name="bytes">At least 1.</param>
    /// <exception cref="DunlinException">There is no such directory, nothing can be written to it, or it is full.</exception>
    public static MappedFile Create(string directory, long bytes)
    {
        Require.AtLeast(nameof(MappedFile), bytes, 1);
        if (!Directory.Exists(directory)) throw Refused(directory, bytes, "there is no such directory");
        FileStream? stream = null;
        try
        {
            // Asked first: to reserve what is not there may fill the disk for a moment.
            if (new DriveInfo(directory).AvailableFreeSpace is var free && free < bytes) throw Refused(directory, bytes, $"it has room for {free:N0}");
            stream = Open(Path.Combine(directory, $"dunlin-{Path.GetRandomFileName()}.memory"), bytes);
            return new(stream, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw Refused(directory, bytes, e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Gives the memory and the room on disk back.</summary>
    public void Close()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        // And not the view, which would write all of it to disk first.
        _view.SafeMemoryMappedViewHandle.Dispose();
        _map.Dispose();
        _stream.Dispose();
        GC.RemoveMemoryPressure(_bytes);
    }

    private static FileStream Open(string path, long bytes)
    {
        var isWindows = OperatingSystem.IsWindows();
        var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            BufferSize = 0,
            PreallocationSize = OperatingSystem.IsLinux() ? 0 : bytes,
            Options = isWindows ? FileOptions.DeleteOnClose : FileOptions.None,
        });
        try
        {
            // A process that is killed leaves nothing behind.
            if (!isWindows) File.Delete(path);
            stream.SetLength(bytes);
            if (OperatingSystem.IsLinux()) Reserve(stream, bytes);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static void Reserve(FileStream stream, long bytes)
    {
        int error;
        do error = posix_fallocate((int)stream.SafeFileHandle.DangerousGetHandle(), 0, bytes);
        while (error == Interrupted);
        if (error is NoSpace or FileTooLarge or OverQuota) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        // Where the C library does not do it in another way, writing does.
        if (error is Unsupported or Invalid) Write(stream, bytes);
        else if (error != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    private static void Write(FileStream stream, long bytes)
    {
        var zeros = new byte[1 << 20];
        for (var at = 0L; at < bytes; at += zeros.Length) RandomAccess.Write(stream.SafeFileHandle, zeros.AsSpan(0, (int)Math.Min(zeros.Length, bytes - at)), at);
    }

    private static DunlinException Refused(string directory, long bytes, string why, Exception? cause = null) =>
        new($"A file of {bytes:N0} bytes, to be mapped into memory, can't be made in {directory}: {why}. Name a directory on a disk with more room that this process may write to.", cause);

    [LibraryImport("libc")]
    private static partial int posix_fallocate(int file, long offset, long length);
}
