namespace Dunlin.Graphs.Ops;

/// <summary>
/// The regularised incomplete beta function Iₓ(a, b) = 1/B(a, b) · ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt, by its continued fraction on the side of the
/// mean where that converges fast (DLMF 8.17.22), else by symmetry.
/// </summary>
internal static class IncompleteBeta
{
    private const double Tiny = 1e-300;
    private const int MostTerms = 1_000_000;

    /// <summary>Iₓ(a, b); NaN unless a > 0, b > 0 and 0 ≤ x ≤ 1.</summary>
    public static double Of(double a, double b, double x)
    {
        if (double.IsNaN(a + b + x) || !(a > 0) || !(b > 0) || double.IsInfinity(a + b) || x is < 0 or > 1) return double.NaN;
        if (x is 0 or 1) return x;
        return x <= (a + 1) / (a + b + 2)
            ? Density(a, b, x) * Fraction(a, b, x) / a
            : 1 - Density(a, b, x) * Fraction(b, a, 1 - x) / b;
    }

    /// <summary>xᵃ (1 − x)ᵇ / B(a, b). Of large a and b it is taken around the maximum, where the logarithms nearly cancel.</summary>
    private static double Density(double a, double b, double x)
    {
        if (a < 10 || b < 10) return Math.Exp(a * Math.Log(x) + b * SpecialFunctions.Log1p(-x) - GammaFunctions.LogBeta(a, b));
        var n = a + b;
        var (p, q) = (a / n, b / n);
        var distance = (x * b - (1 - x) * a) / n;
        var exponent = a * SpecialFunctions.Log1pMinus(distance / p) + b * SpecialFunctions.Log1pMinus(-distance / q);
        var rest = GammaFunctions.StirlingRest(n) - GammaFunctions.StirlingRest(a) - GammaFunctions.StirlingRest(b);
        return Math.Sqrt(a * q / (2 * Math.PI)) * Math.Exp(exponent + rest);
    }

    private static double Fraction(double a, double b, double x)
    {
        var (c, d) = (1.0, 1 / NotZero(1 - (a + b) * x / (a + 1)));
        var h = d;
        for (var m = 1; m < MostTerms; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            h *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            h *= d * c;
            if (Math.Abs(d * c - 1) < 1e-16) break;
        }
        return h;
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
