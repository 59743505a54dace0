using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>
/// The C functions of mpi.h, under their own names. Handles are <see cref="nint"/> in every library: where they are numbers of 32 bits, the upper half is ignored on the way in
/// and stays 0 on the way out. <see cref="MpiLibrary"/> says which file <see cref="Library"/> is.
/// </summary>
internal static unsafe partial class MpiNative
{
    public const string Library = "mpi";

    /// <summary>MPI_THREAD_SERIALIZED: many threads call, one at a time.</summary>
    public const int ThreadSerialized = 2;

    /// <summary>No library's MPI_Status is larger.</summary>
    public const int StatusBytes = 64;

    [LibraryImport(Library)]
    public static partial int MPI_Init_thread(nint argc, nint argv, int required, out int provided);

    [LibraryImport(Library)]
    public static partial int MPI_Initialized(out int flag);

    [LibraryImport(Library)]
    public static partial int MPI_Query_thread(out int provided);

    [LibraryImport(Library)]
    public static partial int MPI_Finalize();

    [LibraryImport(Library)]
    public static partial int MPI_Get_library_version(byte* version, out int length);

    [LibraryImport(Library)]
    public static partial int MPI_Error_string(int code, byte* text, out int length);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_set_errhandler(nint comm, nint handler);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_rank(nint comm, out int rank);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_size(nint comm, out int size);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_dup(nint comm, ref nint copy);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_split(nint comm, int color, int key, ref nint part);

    [LibraryImport(Library)]
    public static partial int MPI_Comm_free(ref nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Op_create(delegate* unmanaged[Cdecl]<void*, void*, int*, nint*, void> function, int commutes, ref nint op);

    [LibraryImport(Library)]
    public static partial int MPI_Allreduce(nint send, nint receive, int count, nint type, nint op, nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Reduce_scatter_block(nint send, nint receive, int count, nint type, nint op, nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Allgather(nint send, int sendCount, nint sendType, nint receive, int receiveCount, nint receiveType, nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Bcast(nint buffer, int count, nint type, int root, nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Barrier(nint comm);

    [LibraryImport(Library)]
    public static partial int MPI_Iallreduce(nint send, nint receive, int count, nint type, nint op, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Ireduce(nint send, nint receive, int count, nint type, nint op, int root, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Ireduce_scatter_block(nint send, nint receive, int count, nint type, nint op, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Iallgather(nint send, int sendCount, nint sendType, nint receive, int receiveCount, nint receiveType, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Ialltoall(nint send, int sendCount, nint sendType, nint receive, int receiveCount, nint receiveType, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Ibcast(nint buffer, int count, nint type, int root, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Ibarrier(nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Isend(nint buffer, int count, nint type, int destination, int tag, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Irecv(nint buffer, int count, nint type, int source, int tag, nint comm, ref nint request);

    [LibraryImport(Library)]
    public static partial int MPI_Test(ref nint request, out int flag, byte* status);

    [LibraryImport(Library)]
    public static partial int MPI_Get_count(byte* status, nint type, out int count);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int setenv(string name, string value, int overwrite);
}
