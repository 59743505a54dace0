using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Transforms between real numbers and the first half of their spectrum. An even number n of them is taken as n / 2 complex ones, z[j] = x[2j] + i x[2j + 1],
/// whose transform splits into those of the even and the odd places (Press et al., Numerical Recipes, section 12.3).
/// </summary>
internal sealed unsafe class HalfSpectrum<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly bool _even;
    private readonly T[] _re;
    private readonly T[] _im;

    public HalfSpectrum(int length)
    {
        (Length, Count, _even) = (length, length / 2 + 1, length % 2 == 0);
        Plan = FourierPlan<T>.Of(_even ? length / 2 : length);
        (_re, _im) = (new T[Count], new T[Count]);
        for (var k = 0; k < Count; k++)
        {
            var (sin, cos) = Math.SinCos(-2 * Math.PI * k / length);
            (_re[k], _im[k]) = (T.CreateChecked(cos), T.CreateChecked(sin));
        }
    }

    /// <summary>The number n of real numbers.</summary>
    public int Length { get; }

    /// <summary>n / 2 + 1.</summary>
    public int Count { get; }

    /// <summary>The complex transform.</summary>
    public FourierPlan<T> Plan { get; }

    /// <summary>Whether element k is its own conjugate's place.</summary>
    public bool IsEdge(int k) => k == 0 || 2 * k == Length;

    /// <summary>Working memory: four numbers for each element of the plan, and the plan's own.</summary>
    public void Forward(T* x, T* yRe, T* yIm, T* scratch)
    {
        var n = Plan.Length;
        T* aRe = scratch, aIm = aRe + n, bRe = aIm + n, bIm = bRe + n, rest = bIm + n;
        for (var j = 0; j < n; j++) (aRe[j], aIm[j]) = _even ? (x[2 * j], x[2 * j + 1]) : (x[j], T.Zero);
        Plan.Run(aRe, aIm, bRe, bIm, rest);
        var half = T.One / (T.One + T.One);
        for (var k = 0; k < Count; k++)
        {
            if (!_even)
            {
                (yRe[k], yIm[k]) = (bRe[k], bIm[k]);
                continue;
            }
            var (i, mirror) = (k == n ? 0 : k, k == 0 ? 0 : n - k);
            var (evenRe, evenIm) = (half * (bRe[i] + bRe[mirror]), half * (bIm[i] - bIm[mirror]));
            var (oddRe, oddIm) = (half * (bIm[i] + bIm[mirror]), half * (bRe[mirror] - bRe[i]));
            (yRe[k], yIm[k]) = (evenRe + oddRe * _re[k] - oddIm * _im[k], evenIm + oddRe * _im[k] + oddIm * _re[k]);
        }
    }

    /// <summary>The sum over the whole spectrum, without the factor 1 / n; edges have no imaginary part. Working memory as above.</summary>
    public void Backward(T* yRe, T* yIm, T* x, T* scratch)
    {
        var n = Plan.Length;
        T* aRe = scratch, aIm = aRe + n, bRe = aIm + n, bIm = bRe + n, rest = bIm + n;
        for (var k = 0; k < n; k++)
        {
            if (!_even)
            {
                (aRe[k], aIm[k]) = k < Count ? (yRe[k], yIm[k]) : (yRe[n - k], -yIm[n - k]);
                continue;
            }
            var mirror = n - k;
            var (evenRe, evenIm) = (yRe[k] + yRe[mirror], yIm[k] - yIm[mirror]);
            var (differenceRe, differenceIm) = (yRe[k] - yRe[mirror], yIm[k] + yIm[mirror]);
            var (oddRe, oddIm) = (differenceRe * _re[k] + differenceIm * _im[k], differenceIm * _re[k] - differenceRe * _im[k]);
            (aRe[k], aIm[k]) = (evenRe - oddIm, evenIm + oddRe);
        }
        Plan.Run(aIm, aRe, bIm, bRe, rest);
        for (var j = 0; j < n; j++)
        {
            if (_even) (x[2 * j], x[2 * j + 1]) = (bRe[j], bIm[j]);
            else x[j] = bRe[j];
        }
    }
}
