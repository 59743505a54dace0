namespace Dunlin.Graphs.Ops;

/// <summary>
/// The regularised incomplete gamma functions P(a, x) = 1/Γ(a) · ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt and Q = 1 − P, each computed directly where it is the
/// smaller one: P by its power series, Q by Legendre's continued fraction (Gautschi, A Computational Procedure for Incomplete Gamma
/// Functions, 1979). The number of terms grows with √a.
/// </summary>
internal static class IncompleteGamma
{
    private const double Precision = 1e-17;
    private const double Tiny = 1e-300;
    private const int MostTerms = 10_000_000;

    /// <summary>P(a, x), and NaN outside a ≥ 0, x ≥ 0.</summary>
    public static double Lower(double a, double x) => Edge(a, x) ?? (IsLower(a, x) ? Series(a, x).P : 1 - Fraction(a, x).Q);

    /// <summary>Q(a, x), and NaN outside a ≥ 0, x ≥ 0.</summary>
    public static double Upper(double a, double x) => 1 - Edge(a, x) ?? (IsLower(a, x) ? 1 - Series(a, x).P : Fraction(a, x).Q);

    /// <summary>∂P(a, x) / ∂a, by the derivatives of the series' and the fraction's terms.</summary>
    public static double LowerByA(double a, double x) =>
        double.IsNaN(a) || double.IsNaN(x) || a <= 0 || x < 0 ? double.NaN
        : x == 0 || double.IsInfinity(x) || double.IsInfinity(a) ? 0
        : IsLower(a, x) ? Series(a, x).ByA : -Fraction(a, x).ByA;

    /// <summary>∂²P(a, x) / ∂a², likewise (Moore, algorithm AS 187, 1982, differentiates series and fraction twice).</summary>
    public static double LowerByATwice(double a, double x) =>
        double.IsNaN(a) || double.IsNaN(x) || a <= 0 || x < 0 ? double.NaN
        : x == 0 || double.IsInfinity(x) || double.IsInfinity(a) ? 0
        : IsLower(a, x) ? SeriesJet(a, x).Second : -FractionJet(a, x).Second;

    /// <summary>xᵃ e⁻ˣ / Γ(a). Of large a, around the maximum: √(a / 2π) · exp(a · (ln(1 + μ) − μ) − rest) with μ = (x − a) / a.</summary>
    public static double Prefix(double a, double x) => a < 10
        ? x < 700 ? Math.Pow(x, a) * Math.Exp(-x) * Math.Exp(-GammaFunctions.LogGamma(a)) : Math.Exp(a * Math.Log(x) - x - GammaFunctions.LogGamma(a))
        : Math.Sqrt(a / (2 * Math.PI)) * Math.Exp(a * SpecialFunctions.Log1pMinus((x - a) / a) - GammaFunctions.StirlingRest(a));

    /// <summary>The fraction converges too slowly below 0.3; there, next to a = 0, Q is as exact as 1 − P.</summary>
    private static bool IsLower(double a, double x) => x <= Math.Max(a, 0.3);

    private static double? Edge(double a, double x)
    {
        if (double.IsNaN(a) || double.IsNaN(x) || a < 0 || x < 0 || (a == 0 && x == 0) || (double.IsInfinity(a) && double.IsInfinity(x))) return double.NaN;
        if (x == 0 || double.IsInfinity(a)) return 0;
        return a == 0 || double.IsInfinity(x) ? 1 : null;
    }

    /// <summary>P = prefix / a · Σ xⁿ / ((a + 1) … (a + n)).</summary>
    private static (double P, double ByA) Series(double a, double x)
    {
        var (sum, term) = (1.0, 1.0);
        var (slope, harmonic) = (0.0, 0.0);
        for (var n = 1; n < MostTerms && term > Precision * sum; n++)
        {
            term *= x / (a + n);
            harmonic += 1 / (a + n);
            sum += term;
            slope -= term * harmonic;
        }
        var factor = Prefix(a, x) / a;
        return (factor * sum, factor * (sum * (Math.Log(x) - GammaFunctions.Digamma(a + 1)) + slope));
    }

    /// <summary>Q = prefix · 1 / (x + 1 − a − 1 · (1 − a) / (x + 3 − a − 2 · (2 − a) / …)), by Lentz's method, with derivatives by a.</summary>
    private static (double Q, double ByA) Fraction(double a, double x)
    {
        var b = x + 1 - a;
        var (c, dc) = (1 / Tiny, 0.0);
        var d = 1 / (Math.Abs(b) < Tiny ? Tiny : b);
        var dd = d * d;
        var (h, dh) = (d, dd);
        for (var n = 1; n < MostTerms; n++)
        {
            var numerator = -n * (n - a);
            b += 2;
            var (t, dt) = (numerator * d + b, n * d + numerator * dd - 1);
            if (Math.Abs(t) < Tiny) t = Tiny;
            (d, dd) = (1 / t, -dt / (t * t));
            (c, dc) = (b + numerator / c, -1 + n / c - numerator * dc / (c * c));
            if (Math.Abs(c) < Tiny) c = Tiny;
            var (step, dstep) = (c * d, dc * d + c * dd);
            (h, dh) = (h * step, dh * step + h * dstep);
            if (Math.Abs(step - 1) < 1e-16 && Math.Abs(dstep) < 1e-16) break;
        }
        var prefix = Prefix(a, x);
        return (prefix * h, prefix * (dh + h * (Math.Log(x) - GammaFunctions.Digamma(a))));
    }

    /// <summary>P with two derivatives by a. A term t = xⁿ / ((a + 1) … (a + n)) has t′ = −t · Σ 1 / (a + k) and t″ = t · ((Σ 1 / (a + k))² + Σ 1 / (a + k)²).</summary>
    private static Jet SeriesJet(double a, double x)
    {
        var (sum, term, harmonic, squares) = (new Jet(1), 1.0, 0.0, 0.0);
        for (var n = 1; n < MostTerms && term * (1 + harmonic * harmonic) > Precision * sum.Value; n++)
        {
            term *= x / (a + n);
            harmonic += 1 / (a + n);
            squares += 1 / (a + n) / (a + n);
            sum += new Jet(term, -term * harmonic, term * (harmonic * harmonic + squares));
        }
        return Jet.Power(Prefix(a, x) / a, Math.Log(x) - GammaFunctions.Digamma(a + 1), -GammaFunctions.Polygamma(1, a + 1)) * sum;
    }

    /// <summary>Q with two derivatives by a: the fraction from its end, where Lentz's method has found the value and with half as many terms more for the derivatives.</summary>
    private static Jet FractionJet(double a, double x)
    {
        var terms = FractionTerms(a, x);
        terms += terms / 2 + 30;
        var rest = new Jet(x + 1 - a + 2.0 * terms, -1);
        for (var n = terms; n > 0; n--) rest = new Jet(x - 1 - a + 2.0 * n, -1) + new Jet(-n * (n - a), n) / rest;
        return Jet.Power(Prefix(a, x), Math.Log(x) - GammaFunctions.Digamma(a), -GammaFunctions.Polygamma(1, a)) / rest;
    }

    /// <summary>How many terms of the fraction its value needs.</summary>
    private static int FractionTerms(double a, double x)
    {
        var b = x + 1 - a;
        var (c, d) = (1 / Tiny, 1 / NotZero(b));
        for (var n = 1; n < MostTerms; n++)
        {
            var numerator = -n * (n - a);
            b += 2;
            d = 1 / NotZero(numerator * d + b);
            c = NotZero(b + numerator / c);
            if (Math.Abs(c * d - 1) < 1e-16) return n;
        }
        return MostTerms;
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
