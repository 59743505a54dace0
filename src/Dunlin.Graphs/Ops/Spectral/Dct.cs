namespace Dunlin.Graphs.Ops;

/// <summary>Cosine transforms, made of Fourier transforms of the same length (Makhoul 1980), through which they are differentiated.</summary>
public static partial class Operations
{
    /// <summary>
    /// The cosine transforms of type II of rows x[…, n]: y[k] = 2 Σⱼ x[j] · cos(πk (2j + 1) / 2n); if orthonormal, times √(1 / 4n) for k = 0 and √(1 / 2n) for the
    /// others, so that <see cref="Dct3"/> is the inverse. As in SciPy.
    /// </summary>
    /// <exception cref="ShapeException">The length n is unknown or 0.</exception>
    public static Value Dct2(this Value x, bool orthonormal = false)
    {
        var n = CosineLength(x, "Dct2");
        Slicing[] leading = [.. Enumerable.Repeat((Slicing)(..), x.Shape.Rank - 1)];
        // Even places forward, then odd places backward.
        var even = x.StridedSlice([.. leading, new(0, null, 2)]);
        var v = n == 1 ? x : Concat([even, x.StridedSlice([.. leading, new(n / 2 * 2 - 1, null, -2)])], -1);
        var (cos, sin) = CosineTurns(x, k => orthonormal ? Math.Sqrt((k == 0 ? 1.0 : 2.0) / n) : 2);
        var (re, im) = Fft(v, v.ZerosLike());
        return re * cos + im * sin;
    }

    /// <summary>
    /// The cosine transforms of type III of rows x[…, n]: y[j] = x[0] + 2 Σₖ x[k] · cos(πk (2j + 1) / 2n) over k ≥ 1, which is 2n times the inverse of
    /// <see cref="Dct2"/>; if orthonormal, the inverse of the orthonormal one. As in SciPy.
    /// </summary>
    /// <exception cref="ShapeException">The length n is unknown or 0.</exception>
    public static Value Dct3(this Value x, bool orthonormal = false)
    {
        var n = CosineLength(x, "Dct3");
        var (cos, sin) = CosineTurns(x, k => orthonormal ? Math.Sqrt((k == 0 ? 1.0 : 2.0) / n) : k == 0 ? 1 : 2);
        var v = x.Graph.Add(new Fft(Inverse: true, Scaled: false), [x * cos, x * sin]);
        var half = (n + 1) / 2;
        var odd = v.Columns(half, n).Reverse(-1);
        if (n % 2 == 1) odd = Concat([odd, v.Columns(0, 1)], -1);
        return Stack([v.Columns(0, half), odd], -1).Reshape(x.Shape[..^1].Append(2 * half)).Columns(0, n);
    }

    private static int CosineLength(Value x, string name) => x.Shape.Rank > 0 && x.Shape[^1] > 0
        ? x.Shape[^1]
        : throw new ShapeException($"{name}({x}): takes rows […, n] of known length n, at least 1.");

    private static (Value Cos, Value Sin) CosineTurns(Value x, Func<int, double> weight)
    {
        var n = x.Shape[^1];
        Value Of(Func<double, double> function) =>
            x.Graph.Constant(Tensor.From([.. Enumerable.Range(0, n).Select(k => weight(k) * function(Math.PI * k / (2.0 * n)))])).Cast(x.Type);
        return (Of(Math.Cos), Of(Math.Sin));
    }
}
