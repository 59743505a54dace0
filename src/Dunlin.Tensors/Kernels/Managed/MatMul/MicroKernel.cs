using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>A number known to the JIT: one compiled micro-kernel for each.</summary>
internal interface INumber
{
    static abstract int Value { get; }
}

internal readonly struct N1 : INumber { public static int Value => 1; }
internal readonly struct N2 : INumber { public static int Value => 2; }
internal readonly struct N3 : INumber { public static int Value => 3; }
internal readonly struct N4 : INumber { public static int Value => 4; }
internal readonly struct N5 : INumber { public static int Value => 5; }
internal readonly struct N6 : INumber { public static int Value => 6; }
internal readonly struct N7 : INumber { public static int Value => 7; }
internal readonly struct N8 : INumber { public static int Value => 8; }
internal readonly struct N9 : INumber { public static int Value => 9; }
internal readonly struct N10 : INumber { public static int Value => 10; }
internal readonly struct N11 : INumber { public static int Value => 11; }
internal readonly struct N12 : INumber { public static int Value => 12; }

/// <summary>
/// The innermost product: a tile of <typeparamref name="TRows"/> rows by <typeparamref name="TColumns"/> (1 or 2) vectors of C stays in
/// registers while k runs. Every accumulator is a local of its own, since the JIT keeps neither arrays nor structs of vectors in registers.
/// </summary>
internal static unsafe class MicroKernel<T, TVector, TLanes, TRows, TColumns>
    where T : unmanaged
    where TVector : struct
    where TLanes : ILanes<T, TVector>
    where TRows : INumber
    where TColumns : INumber
{
    /// <summary>C = Σₖ A[row, k] · B[k, column], added to C if <paramref name="accumulate"/>.</summary>
    /// <param name="a">A's first element.</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one k to the next in A.</param>
    /// <param name="b">B's first row; rows are contiguous.</param>
    /// <param name="bStep">Elements from one k to the next in B.</param>
    /// <param name="k">Terms of the sum; at least 0.</param>
    /// <param name="c">The tile.</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Whether to add to what is in C.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* a, nint aRow, nint aStep, T* b, nint bStep, nint k, T* c, nint cRow, bool accumulate)
    {
        TVector c0 = default, d0 = default;
        TVector c1 = default, d1 = default;
        TVector c2 = default, d2 = default;
        TVector c3 = default, d3 = default;
        TVector c4 = default, d4 = default;
        TVector c5 = default, d5 = default;
        TVector c6 = default, d6 = default;
        TVector c7 = default, d7 = default;
        TVector c8 = default, d8 = default;
        TVector c9 = default, d9 = default;
        TVector cA = default, dA = default;
        TVector cB = default, dB = default;

        // The tile is wanted after the loop: ask for it now.
        if (Sse.IsSupported)
            for (var row = 0; row < TRows.Value; row++)
            {
                Sse.Prefetch0(c + row * cRow);
                if (TColumns.Value > 1) Sse.Prefetch0(c + row * cRow + TLanes.Count);
            }

        // Three rows share a pointer: base, base + stride and base + 2 * stride are addressing modes, so 12 rows need only 4 registers.
        aRow *= sizeof(T);
        aStep *= sizeof(T);
        var a0 = (byte*)a;
        var a3 = a0 + 3 * aRow;
        var a6 = a3 + 3 * aRow;
        var a9 = a6 + 3 * aRow;
        for (; k > 0; k--)
        {
            var b0 = TLanes.Load(b);
            var b1 = TColumns.Value > 1 ? TLanes.Load(b + TLanes.Count) : default;
            Step(a0, b0, b1, ref c0, ref d0);
            if (TRows.Value > 1) Step(a0 + aRow, b0, b1, ref c1, ref d1);
            if (TRows.Value > 2) Step(a0 + 2 * aRow, b0, b1, ref c2, ref d2);
            if (TRows.Value > 3) Step(a3, b0, b1, ref c3, ref d3);
            if (TRows.Value > 4) Step(a3 + aRow, b0, b1, ref c4, ref d4);
            if (TRows.Value > 5) Step(a3 + 2 * aRow, b0, b1, ref c5, ref d5);
            if (TRows.Value > 6) Step(a6, b0, b1, ref c6, ref d6);
            if (TRows.Value > 7) Step(a6 + aRow, b0, b1, ref c7, ref d7);
            if (TRows.Value > 8) Step(a6 + 2 * aRow, b0, b1, ref c8, ref d8);
            if (TRows.Value > 9) Step(a9, b0, b1, ref c9, ref d9);
            if (TRows.Value > 10) Step(a9 + aRow, b0, b1, ref cA, ref dA);
            if (TRows.Value > 11) Step(a9 + 2 * aRow, b0, b1, ref cB, ref dB);
            a0 += aStep;
            if (TRows.Value > 3) a3 += aStep;
            if (TRows.Value > 6) a6 += aStep;
            if (TRows.Value > 9) a9 += aStep;
            b += bStep;
        }

        Put(c0, d0, c, accumulate);
        if (TRows.Value > 1) Put(c1, d1, c + cRow, accumulate);
        if (TRows.Value > 2) Put(c2, d2, c + 2 * cRow, accumulate);
        if (TRows.Value > 3) Put(c3, d3, c + 3 * cRow, accumulate);
        if (TRows.Value > 4) Put(c4, d4, c + 4 * cRow, accumulate);
        if (TRows.Value > 5) Put(c5, d5, c + 5 * cRow, accumulate);
        if (TRows.Value > 6) Put(c6, d6, c + 6 * cRow, accumulate);
        if (TRows.Value > 7) Put(c7, d7, c + 7 * cRow, accumulate);
        if (TRows.Value > 8) Put(c8, d8, c + 8 * cRow, accumulate);
        if (TRows.Value > 9) Put(c9, d9, c + 9 * cRow, accumulate);
        if (TRows.Value > 10) Put(cA, dA, c + 10 * cRow, accumulate);
        if (TRows.Value > 11) Put(cB, dB, c + 11 * cRow, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(byte* a, TVector b0, TVector b1, ref TVector c, ref TVector d)
    {
        var x = TLanes.Broadcast(*(T*)a);
        c = TLanes.MultiplyAdd(x, b0, c);
        if (TColumns.Value > 1) d = TLanes.MultiplyAdd(x, b1, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector c, TVector d, T* target, bool accumulate)
    {
        if (accumulate)
        {
            c = TLanes.Add(c, TLanes.Load(target));
            if (TColumns.Value > 1) d = TLanes.Add(d, TLanes.Load(target + TLanes.Count));
        }
        TLanes.Store(c, target);
        if (TColumns.Value > 1) TLanes.Store(d, target + TLanes.Count);
    }
}
