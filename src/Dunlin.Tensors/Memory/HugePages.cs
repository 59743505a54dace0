using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>
/// Asks Linux for pages of 2 MiB under large blocks: kernels that walk dozens of rows at once else spend their time looking up addresses, and how pages of 4 KiB happen to lie in physical memory
/// changes their speed from run to run (decision 17). Where the system has none it goes on as before.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Of a page, and where blocks that use them begin.</summary>
    public const int Size = 2 << 20;

    private const int MadviseHugePage = 14;

    /// <summary>Whether a block is large enough.</summary>
    public static bool Suit(long bytes) => bytes >= 2 * Size && OperatingSystem.IsLinux();

    /// <summary>Says that a block that begins at a multiple of <see cref="Size"/> may lie on huge pages.</summary>
    public static void Advise(nint address, long bytes)
    {
        // The last page is whole only if the block fills it; the rest stays on small ones. What the system answers changes nothing.
        if (OperatingSystem.IsLinux()) _ = madvise(address, (nuint)(bytes & -Size), MadviseHugePage);
    }

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nuint length, int advice);
}
