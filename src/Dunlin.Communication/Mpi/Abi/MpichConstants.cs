namespace Dunlin.Communication;

/// <summary>MPICH and the libraries that share its binary interface (Intel MPI, MVAPICH, Cray MPICH): handles are numbers of 32 bits, fixed by mpi.h.</summary>
internal static class MpichConstants
{
    public static MpiConstants Value { get; } = new(World: 0x44000000, InPlace: -1, ErrorsReturn: 0x54000001,
        Types: [0x4c00013b, 0x4c00023c, 0x4c000439, 0x4c00083a, 0x4c00040a, 0x4c00080b],
        Operations: [0x58000003, 0x58000004, 0x58000002, 0x58000001]);
}
