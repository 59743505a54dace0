using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Sums over the taps of a window, for sources that are padded so that no tap lies outside: every output is then one of whole vectors, without edges.</summary>
internal static unsafe class TapSums<T, TVector, TLanes>
    where T : unmanaged
    where TVector : struct
    where TLanes : ILanes<T, TVector>
{
    /// <summary>target[r, c] = bias + Σₖ weights[k] · source[r, c + offsets[k]]. Source rows are read up to the next whole vector of columns.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="sourceRow">Elements from one row to the next.</param>
    /// <param name="offsets">Elements from an output's place in the source to each tap.</param>
    /// <param name="weights">One for each tap.</param>
    /// <param name="taps">How many there are.</param>
    /// <param name="target">The first row of the result.</param>
    /// <param name="targetRow">Elements from one row to the next.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="bias">Is added to each element.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* source, nint sourceRow, nint* offsets, T* weights, int taps, T* target, nint targetRow, int rows, int columns, T bias)
    {
        // A row that no vector fits into: the vector reaches into the next rows, which are stored later. Only at the end must it stop.
        var end = columns < TLanes.Count && targetRow == columns ? target + rows * targetRow : null;
        for (; rows >= 4; rows -= 4, source += 4 * sourceRow, target += 4 * targetRow)
            for (var begin = 0; begin < columns; begin += TLanes.Count)
            {
                // The last vector ends with the row, and computes some elements twice.
                var column = Math.Max(0, Math.Min(begin, columns - TLanes.Count));
                var s0 = source + column;
                var s1 = s0 + sourceRow;
                var s2 = s1 + sourceRow;
                var s3 = s2 + sourceRow;
                var sum0 = TLanes.Broadcast(bias);
                var (sum1, sum2, sum3) = (sum0, sum0, sum0);
                for (var k = 0; k < taps; k++)
                {
                    var weight = TLanes.Broadcast(weights[k]);
                    var offset = offsets[k];
                    sum0 = TLanes.MultiplyAdd(TLanes.Load(s0 + offset), weight, sum0);
                    sum1 = TLanes.MultiplyAdd(TLanes.Load(s1 + offset), weight, sum1);
                    sum2 = TLanes.MultiplyAdd(TLanes.Load(s2 + offset), weight, sum2);
                    sum3 = TLanes.MultiplyAdd(TLanes.Load(s3 + offset), weight, sum3);
                }
                var to = (nint)(target + column);
                Store(sum0, (T*)to, columns, end);
                Store(sum1, (T*)to + targetRow, columns, end);
                Store(sum2, (T*)to + 2 * targetRow, columns, end);
                Store(sum3, (T*)to + 3 * targetRow, columns, end);
            }
        for (; rows > 0; rows--, source += sourceRow, target += targetRow)
            for (var begin = 0; begin < columns; begin += TLanes.Count)
            {
                var column = Math.Max(0, Math.Min(begin, columns - TLanes.Count));
                var sum = TLanes.Broadcast(bias);
                for (var k = 0; k < taps; k++) sum = TLanes.MultiplyAdd(TLanes.Load(source + column + offsets[k]), TLanes.Broadcast(weights[k]), sum);
                Store(sum, target + column, columns, end);
            }
    }

    /// <summary>sums[k, lane] += Σ source[r, c + offsets[k]] · other[r, c] over the rows and the columns of each lane. Both are read in whole vectors: other is 0 beyond its columns.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="sourceRow">Elements from one row to the next.</param>
    /// <param name="offsets">Elements to each tap.</param>
    /// <param name="taps">How many there are.</param>
    /// <param name="other">What the taps meet.</param>
    /// <param name="otherRow">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="sums">A vector for each tap.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots(T* source, nint sourceRow, nint* offsets, int taps, T* other, nint otherRow, int rows, int columns, T* sums)
    {
        for (; taps >= 4; taps -= 4, offsets += 4, sums += 4 * TLanes.Count)
        {
            var (sum0, sum1, sum2, sum3) = (TLanes.Load(sums), TLanes.Load(sums + TLanes.Count), TLanes.Load(sums + 2 * TLanes.Count), TLanes.Load(sums + 3 * TLanes.Count));
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column += TLanes.Count)
                {
                    var s = source + row * sourceRow + column;
                    var factor = TLanes.Load(other + row * otherRow + column);
                    sum0 = TLanes.MultiplyAdd(TLanes.Load(s + offsets[0]), factor, sum0);
                    sum1 = TLanes.MultiplyAdd(TLanes.Load(s + offsets[1]), factor, sum1);
                    sum2 = TLanes.MultiplyAdd(TLanes.Load(s + offsets[2]), factor, sum2);
                    sum3 = TLanes.MultiplyAdd(TLanes.Load(s + offsets[3]), factor, sum3);
                }
            TLanes.Store(sum0, sums);
            TLanes.Store(sum1, sums + TLanes.Count);
            TLanes.Store(sum2, sums + 2 * TLanes.Count);
            TLanes.Store(sum3, sums + 3 * TLanes.Count);
        }
        for (; taps > 0; taps--, offsets++, sums += TLanes.Count)
        {
            var sum = TLanes.Load(sums);
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column += TLanes.Count)
                    sum = TLanes.MultiplyAdd(TLanes.Load(source + row * sourceRow + column + *offsets), TLanes.Load(other + row * otherRow + column), sum);
            TLanes.Store(sum, sums);
        }
    }

    /// <summary>Stores a whole vector if the row has room for one, or if it ends before <paramref name="end"/>; else the row's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector value, T* target, int columns, T* end)
    {
        if (columns >= TLanes.Count || target + TLanes.Count <= end) TLanes.Store(value, target);
        else StorePart(value, target, columns);
    }

    private static void StorePart(TVector value, T* target, int count)
    {
        var whole = stackalloc T[TLanes.Count];
        TLanes.Store(value, whole);
        for (var i = 0; i < count; i++) target[i] = whole[i];
    }
}
