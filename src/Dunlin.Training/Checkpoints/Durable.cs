using System.Runtime.InteropServices;

namespace Dunlin.Training.Checkpoints;

/// <summary>Makes what was written survive a power cut.</summary>
internal static partial class Durable
{
    private const int Interrupted = 4, Invalid = 22;

    /// <summary>Writes out a directory's entries: the names of new and renamed files are lost in a power cut otherwise. .NET can't open a directory.</summary>
    /// <exception cref="IOException">The system reports an error.</exception>
    public static void SyncDirectory(string path)
    {
        // Windows has no such call: NTFS keeps a journal of its directories.
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Retry(() => Open(path, 0));
        try
        {
            // Some network file systems can't sync a directory, and say so by EINVAL.
            if (Retry(() => Sync(descriptor), tolerated: Invalid) < 0) return;
        }
        finally
        {
            _ = Close(descriptor);
        }

        int Retry(Func<int> call, int tolerated = 0)
        {
            while (true)
            {
                var result = call();
                if (result >= 0) return result;
                var error = Marshal.GetLastPInvokeError();
                if (error == Interrupted) continue;
                if (error == tolerated) return result;
                throw new IOException($"Syncing the directory {path}: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
