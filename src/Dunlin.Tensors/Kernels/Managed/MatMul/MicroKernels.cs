namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>The micro-kernels of one vector width, by rows and vectors of their tile.</summary>
internal static unsafe class MicroKernels<T, TVector, TLanes>
    where T : unmanaged
    where TVector : struct
    where TLanes : ILanes<T, TVector>
{
    /// <summary>The kernel for a tile of <paramref name="rows"/> (1 to 12) by <paramref name="vectors"/> (1 or 2).</summary>
    public static delegate*<T*, nint, nint, T*, nint, nint, T*, nint, bool, void> Get(int rows, int vectors) => vectors == 1
        ? rows switch
        {
            1 => &MicroKernel<T, TVector, TLanes, N1, N1>.Run,
            2 => &MicroKernel<T, TVector, TLanes, N2, N1>.Run,
            3 => &MicroKernel<T, TVector, TLanes, N3, N1>.Run,
            4 => &MicroKernel<T, TVector, TLanes, N4, N1>.Run,
            5 => &MicroKernel<T, TVector, TLanes, N5, N1>.Run,
            6 => &MicroKernel<T, TVector, TLanes, N6, N1>.Run,
            7 => &MicroKernel<T, TVector, TLanes, N7, N1>.Run,
            8 => &MicroKernel<T, TVector, TLanes, N8, N1>.Run,
            9 => &MicroKernel<T, TVector, TLanes, N9, N1>.Run,
            10 => &MicroKernel<T, TVector, TLanes, N10, N1>.Run,
            11 => &MicroKernel<T, TVector, TLanes, N11, N1>.Run,
            _ => &MicroKernel<T, TVector, TLanes, N12, N1>.Run,
        }
        : rows switch
        {
            1 => &MicroKernel<T, TVector, TLanes, N1, N2>.Run,
            2 => &MicroKernel<T, TVector, TLanes, N2, N2>.Run,
            3 => &MicroKernel<T, TVector, TLanes, N3, N2>.Run,
            4 => &MicroKernel<T, TVector, TLanes, N4, N2>.Run,
            5 => &MicroKernel<T, TVector, TLanes, N5, N2>.Run,
            6 => &MicroKernel<T, TVector, TLanes, N6, N2>.Run,
            7 => &MicroKernel<T, TVector, TLanes, N7, N2>.Run,
            8 => &MicroKernel<T, TVector, TLanes, N8, N2>.Run,
            9 => &MicroKernel<T, TVector, TLanes, N9, N2>.Run,
            10 => &MicroKernel<T, TVector, TLanes, N10, N2>.Run,
            11 => &MicroKernel<T, TVector, TLanes, N11, N2>.Run,
            _ => &MicroKernel<T, TVector, TLanes, N12, N2>.Run,
        };
}
