using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>
/// The Hessian as L-BFGS-B guesses it from the last steps s and differences of gradients y: B = θ · I − W · M · Wᵀ with W = [Y, θ · S] and M⁻¹ = [[−D, Lᵀ], [L, θ · SᵀS]], where D is the diagonal of SᵀY and L what lies below it
/// (Byrd, Nocedal and Schnabel, 1994; Byrd, Lu, Nocedal and Zhu, 1995, section 3).
/// </summary>
internal sealed class CompactHessian(int history, double theta)
{
    private readonly List<double[]> _s = [];
    private readonly List<double[]> _y = [];
    private double[,] _middle = new double[0, 0];

    /// <summary>θ.</summary>
    public double Theta { get; private set; } = theta;

    /// <summary>Columns of W.</summary>
    public int Columns => 2 * _s.Count;

    /// <summary>Whether there is nothing but θ · I.</summary>
    public bool IsEmpty => _s.Count == 0;

    /// <summary>Learns from a step along which the function curves upwards.</summary>
    public void Add(double[] s, double[] y, double curvature)
    {
        if (_s.Count == history)
        {
            _s.RemoveAt(0);
            _y.RemoveAt(0);
        }
        _s.Add((double[])s.Clone());
        _y.Add((double[])y.Clone());
        Theta = TensorPrimitives.SumOfSquares<double>(y) / curvature;
        var k = _s.Count;
        var inverse = new double[2 * k, 2 * k];
        for (var i = 0; i < k; i++)
            for (var j = 0; j < k; j++)
            {
                var product = TensorPrimitives.Dot<double>(_s[i], _y[j]);
                if (i == j) inverse[i, i] = -product;
                if (i > j) (inverse[k + i, j], inverse[j, k + i]) = (product, product);
                inverse[k + i, k + j] = Theta * TensorPrimitives.Dot<double>(_s[i], _s[j]);
            }
        _middle = SmallMatrices.Solve(inverse, SmallMatrices.Identity(2 * k));
    }

    /// <summary>Forgets all steps, and takes another θ.</summary>
    public void Reset(double scale)
    {
        _s.Clear();
        _y.Clear();
        _middle = new double[0, 0];
        Theta = scale;
    }

    /// <summary>Row i of W.</summary>
    public void Row(int i, Span<double> row)
    {
        for (var j = 0; j < _s.Count; j++) (row[j], row[_s.Count + j]) = (_y[j][i], Theta * _s[j][i]);
    }

    /// <summary>Wᵀ · v.</summary>
    public double[] Project(ReadOnlySpan<double> v)
    {
        var result = new double[Columns];
        for (var j = 0; j < _s.Count; j++) (result[j], result[_s.Count + j]) = (TensorPrimitives.Dot(_y[j], v), Theta * TensorPrimitives.Dot(_s[j], v));
        return result;
    }

    /// <summary>v + factor · W · a.</summary>
    public void AddTo(Span<double> v, ReadOnlySpan<double> a, double factor)
    {
        for (var j = 0; j < _s.Count; j++)
        {
            TensorPrimitives.MultiplyAdd(_y[j], factor * a[j], v, v);
            TensorPrimitives.MultiplyAdd(_s[j], factor * Theta * a[_s.Count + j], v, v);
        }
    }

    /// <summary>M · a.</summary>
    public double[] Middle(ReadOnlySpan<double> a)
    {
        var result = new double[a.Length];
        for (var i = 0; i < a.Length; i++)
            for (var j = 0; j < a.Length; j++) result[i] += _middle[i, j] * a[j];
        return result;
    }

    /// <summary>(I − M · N)⁻¹ · M · a, where N = Wᵀ · W / θ over the free variables alone.</summary>
    public double[] SolveFree(ReadOnlySpan<bool> free, ReadOnlySpan<double> a)
    {
        var n = Columns;
        var inner = new double[n, n];
        Span<double> row = stackalloc double[n];
        for (var i = 0; i < free.Length; i++)
        {
            if (!free[i]) continue;
            Row(i, row);
            for (var p = 0; p < n; p++)
                for (var q = 0; q < n; q++) inner[p, q] += row[p] * row[q] / Theta;
        }
        var system = SmallMatrices.Identity(n);
        for (var p = 0; p < n; p++)
            for (var q = 0; q < n; q++)
                for (var r = 0; r < n; r++) system[p, q] -= _middle[p, r] * inner[r, q];
        var right = new double[n, 1];
        var middle = Middle(a);
        for (var p = 0; p < n; p++) right[p, 0] = middle[p];
        var solution = SmallMatrices.Solve(system, right);
        return [.. Enumerable.Range(0, n).Select(p => solution[p, 0])];
    }
}

/// <summary>Matrices of a few dozen rows at the most.</summary>
internal static class SmallMatrices
{
    public static double[,] Identity(int n)
    {
        var identity = new double[n, n];
        for (var i = 0; i < n; i++) identity[i, i] = 1;
        return identity;
    }

    /// <summary>A⁻¹ · B by elimination with the largest pivots. Both are overwritten.</summary>
    public static double[,] Solve(double[,] a, double[,] b)
    {
        var (n, columns) = (a.GetLength(0), b.GetLength(1));
        for (var pivot = 0; pivot < n; pivot++)
        {
            var best = pivot;
            for (var row = pivot + 1; row < n; row++)
                if (Math.Abs(a[row, pivot]) > Math.Abs(a[best, pivot])) best = row;
            for (var j = 0; j < n && best != pivot; j++) (a[pivot, j], a[best, j]) = (a[best, j], a[pivot, j]);
            for (var j = 0; j < columns && best != pivot; j++) (b[pivot, j], b[best, j]) = (b[best, j], b[pivot, j]);
            for (var row = 0; row < n; row++)
            {
                if (row == pivot || a[row, pivot] == 0) continue;
                var factor = a[row, pivot] / a[pivot, pivot];
                for (var j = pivot; j < n; j++) a[row, j] -= factor * a[pivot, j];
                for (var j = 0; j < columns; j++) b[row, j] -= factor * b[pivot, j];
            }
        }
        for (var i = 0; i < n; i++)
            for (var j = 0; j < columns; j++) b[i, j] /= a[i, i];
        return b;
    }
}
