using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Singular values and vectors by one-sided Jacobi rotations (Hestenes 1958; Demmel and Veselić 1992): small ones are as precise,
/// relative to their size, as large ones, all steps are on neighbouring elements, and no memory is taken beyond what is given.
/// </summary>
internal readonly unsafe struct JacobiSvd<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int MaxSweeps = 60;

    /// <summary>Lays out the working memory.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Columns.</param>
    /// <param name="scratch">At least <see cref="ScratchBytes"/>.</param>
    public JacobiSvd(int m, int n, byte* scratch)
    {
        (Rank, Long, IsTall) = (Math.Min(m, n), Math.Max(m, n), m >= n);
        LongVectors = (T*)scratch;
        ShortVectors = LongVectors + (long)Rank * Long;
        Values = ShortVectors + (long)Rank * Rank;
    }

    /// <summary>The number of singular values, min(m, n).</summary>
    public int Rank { get; }

    /// <summary>The longer side, max(m, n).</summary>
    public int Long { get; }

    /// <summary>Whether the long vectors are the left ones.</summary>
    public bool IsTall { get; }

    /// <summary>The singular vectors of the longer side as rows [Rank, Long].</summary>
    public T* LongVectors { get; }

    /// <summary>The singular vectors of the shorter side as rows [Rank, Rank].</summary>
    public T* ShortVectors { get; }

    /// <summary>The singular values, the largest first.</summary>
    public T* Values { get; }

    public static long ScratchBytes(int m, int n)
    {
        var (k, l) = ((long)Math.Min(m, n), (long)Math.Max(m, n));
        return (k * l + k * k + k) * sizeof(T);
    }

    /// <summary>About how many steps it takes.</summary>
    public static double Work(int m, int n) => 20.0 * Math.Max(m, n) * Math.Pow(Math.Min(m, n), 2);

    /// <summary>Decomposes a matrix.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Run(T* a)
    {
        for (var i = 0L; i < (long)Rank * Long; i++)
            if (!T.IsFinite(a[i])) return $"can't be decomposed: its element [{i / (IsTall ? Rank : Long)}, {i % (IsTall ? Rank : Long)}] is {a[i]}.";
        if (IsTall) Rows.Transpose(a, LongVectors, Long, Rank);
        else Rows.Copy(a, LongVectors, (long)Rank * Long);
        new Span<T>(ShortVectors, checked(Rank * Rank)).Clear();
        for (var i = 0; i < Rank; i++) ShortVectors[(long)i * Rank + i] = T.One;
        var sweeps = 0;
        while (Sweep())
            if (++sweeps == MaxSweeps) return "can't be decomposed: the rotations do not come to an end; scale it nearer to 1.";
        for (var i = 0; i < Rank; i++) Values[i] = Rows.Norm(LongVectors + (long)i * Long, Long);
        Order();
        for (var i = 0; i < Rank; i++)
        {
            if (Values[i] == T.Zero) Complete(i);
            else Rows.Scale(LongVectors + (long)i * Long, T.One / Values[i], Long);
        }
        return null;
    }

    /// <summary>Rotates every pair of vectors that is not orthogonal; returns whether there was one.</summary>
    private bool Sweep()
    {
        var rotated = false;
        var tolerance = Precision.Of<T>() * T.Sqrt(T.CreateChecked(Long));
        for (var p = 0; p < Rank; p++)
            for (var q = p + 1; q < Rank; q++)
            {
                T* x = LongVectors + (long)p * Long, y = LongVectors + (long)q * Long;
                var (xx, yy, xy) = (Rows.Dot(x, x, Long), Rows.Dot(y, y, Long), Rows.Dot(x, y, Long));
                if (!(T.Abs(xy) > tolerance * T.Sqrt(xx) * T.Sqrt(yy))) continue;
                rotated = true;
                var zeta = (yy - xx) / (xy + xy);
                var t = T.CopySign(T.One / (T.Abs(zeta) + T.Hypot(T.One, zeta)), zeta);
                var c = T.One / T.Hypot(T.One, t);
                Rotate(x, y, c, c * t, Long);
                Rotate(ShortVectors + (long)p * Rank, ShortVectors + (long)q * Rank, c, c * t, Rank);
            }
        return rotated;
    }

    private static void Rotate(T* x, T* y, T c, T s, int count)
    {
        var i = 0;
        for (var (vc, vs) = (new Vector<T>(c), new Vector<T>(s)); i <= count - Vector<T>.Count; i += Vector<T>.Count)
        {
            var (a, b) = (Vector.Load(x + i), Vector.Load(y + i));
            Vector.Store(vc * a - vs * b, x + i);
            Vector.Store(vs * a + vc * b, y + i);
        }
        for (; i < count; i++) (x[i], y[i]) = (c * x[i] - s * y[i], s * x[i] + c * y[i]);
    }

    /// <summary>Puts the largest values first.</summary>
    private void Order()
    {
        for (var i = 0; i < Rank; i++)
        {
            var best = i;
            for (var j = i + 1; j < Rank; j++)
                if (Values[j] > Values[best]) best = j;
            if (best == i) continue;
            (Values[i], Values[best]) = (Values[best], Values[i]);
            Swap(LongVectors, i, best, Long);
            Swap(ShortVectors, i, best, Rank);
        }
    }

    private static void Swap(T* rows, int i, int j, int count)
    {
        T* x = rows + (long)i * count, y = rows + (long)j * count;
        for (var k = 0; k < count; k++) (x[k], y[k]) = (y[k], x[k]);
    }

    /// <summary>Finds a unit vector orthogonal to those before it, for a value of 0: the rest of an axis that is not nearly among them.</summary>
    private void Complete(int index)
    {
        var vector = LongVectors + (long)index * Long;
        // Of Long axes, one at least has a rest of this squared length.
        var enough = T.CreateChecked(0.9) * T.Sqrt(T.CreateChecked(Long - index) / T.CreateChecked(Long));
        for (var axis = 0; axis < Long; axis++)
        {
            new Span<T>(vector, Long).Clear();
            vector[axis] = T.One;
            for (var pass = 0; pass < 2; pass++)
                for (var i = 0; i < index; i++)
                {
                    var other = LongVectors + (long)i * Long;
                    Rows.Add(vector, -Rows.Dot(other, vector, Long), other, Long);
                }
            var norm = Rows.Norm(vector, Long);
            if (!(norm >= enough)) continue;
            Rows.Scale(vector, T.One / norm, Long);
            return;
        }
    }
}
