using System.Numerics;
using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>The operands of one product C[m, n] = act(Σₖ A[m, k] · B[k, n] + biases), with any strides (in elements) for A and B.</summary>
internal unsafe struct GemmOperands<T> where T : unmanaged
{
    public int M, N, K;

    public T* A;
    public nint ARow, AStep;

    /// <summary>All of A as <see cref="Gemm{T}.PackA"/> left it, or null to read <see cref="A"/>.</summary>
    public T* PackedA;

    public T* B;
    public nint BStep, BColumn;

    /// <summary>Whether B's rows are in cache and may be read up to the next multiple of <see cref="Gemm{T}.TileColumns"/>: then it is never packed.</summary>
    public bool BIsPadded;

    public T* C;
    public nint CRow;

    /// <summary>Whether the product is added to what is in C.</summary>
    public bool Accumulate;

    /// <summary>Added to each row, if not null.</summary>
    public T* RowBias;

    /// <summary>Added to each column, if not null.</summary>
    public T* ColumnBias;

    public bool Relu;
}

/// <summary>
/// Matrix product on one thread, after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): blocks of B and A
/// are packed so that the register tiles of <see cref="MicroKernel{T,TVector,TLanes,TRows,TColumns}"/> read memory in order.
/// The terms of each element are added in an order that depends on K alone, so splitting C between threads changes no bit.
/// </summary>
internal abstract unsafe class Gemm<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Terms of k between visits to C: a panel of B stays in the first-level cache.</summary>
    public const int DepthBlock = 256;

    /// <summary>Up to this many bytes an operand is read where it lies: it stays in the first-level cache.</summary>
    public const int SmallBytes = 16 << 10;

    /// <summary>Rows of A packed at once: with <see cref="DepthBlock"/> about half of a second-level cache.</summary>
    protected const int RowBlock = 240;

    /// <summary>Columns of B packed at once.</summary>
    protected const int ColumnBlock = 2048;

    /// <summary>The one for this machine's vectors.</summary>
    public static Gemm<T> Instance { get; } =
        ManagedKernels.HasVector512 ? new Gemm<T, Vector512<T>, Lanes512<T>>()
        : Vector256.IsHardwareAccelerated ? new Gemm<T, Vector256<T>, Lanes256<T>>()
        : new Gemm<T, Vector128<T>, Lanes128<T>>();

    public abstract int TileRows { get; }

    public abstract int TileColumns { get; }

    /// <summary>Working memory, in elements, of products up to the given size.</summary>
    public long ScratchElements(int m, int n, int k)
    {
        var depth = Math.Min(k, DepthBlock);
        var a = Packing<T>.Elements(Math.Min(m, RowBlock), depth, TileRows);
        var b = Packing<T>.Elements(Math.Min(n, ColumnBlock), depth, TileColumns);
        return Align(a) + Align(b) + Align(TileRows * TileColumns);
    }

    /// <summary>Rounded up to whole cache lines.</summary>
    public static long Align(long elements) => (elements + 15) & -16;

    /// <summary>Elements that <see cref="PackA"/> writes.</summary>
    public long PackedAElements(int m, int k) => Align(Packing<T>.Elements(m, k, TileRows));

    /// <summary>Packs A for several products with it. The block of steps from a multiple p of <see cref="DepthBlock"/> on begins at p · (m rounded up to <see cref="TileRows"/>).</summary>
    public void PackA(T* a, nint aRow, nint aStep, int m, int k, T* target)
    {
        nint rounded = Packing<T>.RoundUp(m, TileRows);
        for (var p = 0; p < k; p += DepthBlock)
            Packing<T>.Pack(a + p * aStep, aRow, aStep, m, Math.Min(DepthBlock, k - p), TileRows, target + p * rounded);
    }

    /// <summary>Computes the product.</summary>
    /// <param name="operands">What to multiply.</param>
    /// <param name="scratch">At least <see cref="ScratchElements"/> of the operands' size, aligned to 64 bytes.</param>
    public abstract void Multiply(in GemmOperands<T> operands, T* scratch);
}
