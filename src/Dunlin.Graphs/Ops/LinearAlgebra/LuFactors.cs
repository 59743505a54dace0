using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>Gaussian elimination with partial pivoting (Golub and Van Loan, algorithm 3.4.1), in place.</summary>
internal static unsafe class LuFactors
{
    /// <summary>Replaces a[n, n] by its factors: U on and above the diagonal, L (whose diagonal is all ones) below.</summary>
    /// <param name="a">The matrix.</param>
    /// <param name="n">Its order.</param>
    /// <param name="rows">Receives for each row of L · U which row of the matrix it is; n places.</param>
    /// <returns>The permutation's sign, and the first row whose pivot is 0, or −1 if there is none.</returns>
    public static (int Sign, int ZeroPivot) Factor<T>(T* a, int n, int* rows) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (sign, zero) = (1, -1);
        for (var i = 0; i < n; i++) rows[i] = i;
        for (var k = 0; k < n; k++)
        {
            var best = k;
            for (var i = k + 1; i < n; i++)
                if (T.Abs(a[(long)i * n + k]) > T.Abs(a[(long)best * n + k])) best = i;
            if (best != k)
            {
                Swap(a + (long)k * n, a + (long)best * n, n);
                (rows[k], rows[best], sign) = (rows[best], rows[k], -sign);
            }
            var pivot = a[(long)k * n + k];
            if (pivot == T.Zero)
            {
                if (zero < 0) zero = k;
                continue;
            }
            for (var i = k + 1; i < n; i++)
            {
                var factor = a[(long)i * n + k] /= pivot;
                if (factor != T.Zero) Rows.Add(a + (long)i * n + k + 1, -factor, a + (long)k * n + k + 1, n - k - 1);
            }
        }
        return (sign, zero);
    }

    /// <summary>Writes to x[n, k] the solution of the factored system with the right sides b[n, k].</summary>
    public static void Solve<T>(T* factors, int n, int* rows, T* b, T* x, int k) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < n; i++) Rows.Copy(b + (long)rows[i] * k, x + (long)i * k, k);
        Triangles.Substitute(factors, n, x, k, upper: false, transposed: false, unit: true);
        Triangles.Substitute(factors, n, x, k, upper: true, transposed: false, unit: false);
    }

    /// <summary>Bytes for the factors of one matrix and its permutation.</summary>
    public static long ScratchBytes<T>(int n) where T : unmanaged => (long)n * n * sizeof(T) + (long)n * sizeof(int);

    private static void Swap<T>(T* x, T* y, int count) where T : unmanaged
    {
        for (var i = 0; i < count; i++) (x[i], y[i]) = (y[i], x[i]);
    }
}
