using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>Open MPI 4 and 5: handles are the addresses of objects that the library exports.</summary>
internal static class OpenMpiConstants
{
    /// <summary>The symbol by which the family is known.</summary>
    public const string Mark = "ompi_mpi_comm_world";

    public static MpiConstants Of(nint library)
    {
        return new(Address(Mark), InPlace: 1, Address("ompi_mpi_errors_return"),
            [
                Address("ompi_mpi_uint8_t"), Address("ompi_mpi_uint16_t"), Address("ompi_mpi_int32_t"), Address("ompi_mpi_int64_t"),
                Address("ompi_mpi_float"), Address("ompi_mpi_double"),
            ],
            [Address("ompi_mpi_op_sum"), Address("ompi_mpi_op_prod"), Address("ompi_mpi_op_min"), Address("ompi_mpi_op_max")]);

        nint Address(string symbol) => NativeLibrary.GetExport(library, symbol);
    }
}
