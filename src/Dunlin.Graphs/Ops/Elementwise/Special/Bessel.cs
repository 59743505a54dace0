namespace Dunlin.Graphs.Ops;

/// <summary>
/// The modified Bessel functions I₀ and I₁ times e⁻|ˣ|: by their power series, whose terms are all positive, and from |x| = 30 by the
/// asymptotic series (DLMF 10.25.2 and 10.40.1).
/// </summary>
internal static class Bessel
{
    private const double Far = 30;

    public static double I0(double x) => Math.Abs(x) < Far ? Series(0, x) : Unscaled(0, x);

    public static double I1(double x) => Math.Abs(x) < Far ? Series(1, x) : Math.CopySign(Unscaled(1, x), x);

    public static double I0Scaled(double x) => Math.Abs(x) < Far ? Series(0, x) * Math.Exp(-Math.Abs(x)) : Asymptotic(0, Math.Abs(x));

    public static double I1Scaled(double x) => Math.Abs(x) < Far ? Series(1, x) * Math.Exp(-Math.Abs(x)) : Math.CopySign(Asymptotic(1, Math.Abs(x)), x);

    /// <summary>(x/2)ᵛ · Σ (x²/4)ᵏ / (k! · (k + v)!).</summary>
    private static double Series(int order, double x)
    {
        var quarter = x * x / 4;
        var (sum, term) = (1.0, 1.0);
        for (var k = 1; term > 1e-17 * sum; k++) sum += term *= quarter / ((double)k * (k + order));
        return order == 0 ? sum : sum * x / 2;
    }

    /// <summary>1 / √(2πx) · Σ (−1)ᵏ · (4v² − 1) (4v² − 9) … (4v² − (2k − 1)²) / (k! · (8x)ᵏ).</summary>
    private static double Asymptotic(int order, double x)
    {
        if (double.IsInfinity(x)) return 0;
        var (sum, term) = (1.0, 1.0);
        for (var k = 1; k < 40 && Math.Abs(term) > 1e-17; k++)
        {
            var odd = 2 * k - 1;
            sum += term *= -(4.0 * order * order - (double)odd * odd) / (8 * k * x);
        }
        return double.IsNaN(x) ? x : sum / Math.Sqrt(2 * Math.PI * x);
    }

    /// <summary>The exponential in two halves, so that it overflows no sooner than the result.</summary>
    private static double Unscaled(int order, double x)
    {
        var half = Math.Exp(Math.Abs(x) / 2);
        return Asymptotic(order, Math.Abs(x)) * half * half;
    }
}
