using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>The functions of GNU OpenMP (libgomp) that start and count threads. The thread count is a setting of each calling thread.</summary>
internal static unsafe partial class OpenMp
{
    public const string Library = "libgomp.so.1";

    /// <summary>What a compiler turns <c>#pragma omp parallel</c> into: runs the function on all threads of a team and waits.</summary>
    [LibraryImport(Library)]
    public static partial void GOMP_parallel(delegate* unmanaged<nint, void> function, nint data, uint threads, uint flags);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int omp_get_thread_num();

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int omp_get_num_threads();

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int omp_get_max_threads();

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void omp_set_num_threads(int threads);

    /// <summary>Lets parallel regions that the calling thread starts have so many threads.</summary>
    public static void Use(int threads)
    {
        if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
    }
}
