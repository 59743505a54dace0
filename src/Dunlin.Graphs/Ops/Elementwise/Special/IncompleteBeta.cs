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

    /// <summary>∂Iₓ(a, b) / ∂a; NaN where the function is.</summary>
    public static double ByA(double a, double b, double x) => Derivatives(a, b, x).ByA;

    /// <summary>∂Iₓ(a, b) / ∂b; NaN where the function is.</summary>
    public static double ByB(double a, double b, double x) => Derivatives(a, b, x).ByB;

    /// <summary>Both derivatives, by differentiating the fraction (Boik and Robison-Cox, "Derivatives of the incomplete beta function", 1998).</summary>
    private static (double ByA, double ByB) Derivatives(double a, double b, double x)
    {
        if (double.IsNaN(a + b + x) || !(a > 0) || !(b > 0) || double.IsInfinity(a + b) || x is < 0 or > 1) return (double.NaN, double.NaN);
        if (x is 0 or 1) return (0, 0);
        if (x <= (a + 1) / (a + b + 2)) return Below(a, b, x, 1 - x, Density(a, b, x));
        var (byB, byA) = Below(b, a, 1 - x, x, Density(a, b, x));
        return (-byA, -byB);
    }

    /// <summary>The derivatives of density / a · fraction, with y = 1 − x.</summary>
    private static (double ByA, double ByB) Below(double a, double b, double x, double y, double density)
    {
        var (f, fByA, fByB) = FractionWithDerivatives(a, b, x);
        // The smaller of x and y is exact, as it was given or by Sterbenz' lemma.
        var (logX, logY) = (x < 0.5 ? Math.Log(x) : SpecialFunctions.Log1p(-y), y < 0.5 ? Math.Log(y) : SpecialFunctions.Log1p(-x));
        // ψ(a + b) − ψ(a + 1) and ψ(a + b) − ψ(b): small against either digamma function where one parameter is much larger than the other.
        var differenceA = b >= 1 ? GammaFunctions.DigammaDifference(a + 1, b - 1) : -GammaFunctions.DigammaDifference(a + b, 1 - b);
        return (density / a * (f * (logX + differenceA) + fByA), density / a * (f * (logY + GammaFunctions.DigammaDifference(b, a)) + fByB));
    }

    /// <summary>The fraction from its end, with half as many terms more than its value needs.</summary>
    private static (double Value, double ByA, double ByB) FractionWithDerivatives(double a, double b, double x)
    {
        var steps = Converge(a, b, x).Steps;
        steps += steps / 2 + 20;
        var (rest, restByA, restByB) = (1.0, 0.0, 0.0);
        for (var m = steps; m > 0; m--)
        {
            var odd = Odd(a, b, x, m);
            Step(odd, -x * (2 * a + b + 2 * m) / ((a + 2 * m) * (a + 2 * m + 1)) - odd * (1 / (a + 2 * m) + 1 / (a + 2 * m + 1)), -(a + m) * x / ((a + 2 * m) * (a + 2 * m + 1)));
            var even = Even(a, b, x, m);
            Step(even, -even * (1 / (a + 2 * m - 1) + 1 / (a + 2 * m)), m * x / ((a + 2 * m - 1) * (a + 2 * m)));
        }
        // Of the first term a divides out: kept, 1 / a would cancel next to a = 0.
        var first = -(a + b) * x / (a + 1);
        Step(first, -(x + first) / (a + 1), -x / (a + 1));
        return (1 / rest, -restByA / (rest * rest), -restByB / (rest * rest));

        void Step(double coefficient, double byA, double byB)
        {
            var inverse = 1 / rest;
            var value = coefficient * inverse;
            (rest, restByA, restByB) = (1 + value, (byA - value * restByA) * inverse, (byB - value * restByB) * inverse);
        }
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

    private static double Fraction(double a, double b, double x) => Converge(a, b, x).Value;

    /// <summary>The fraction by Lentz's method, and after how many pairs of terms it has converged.</summary>
    private static (double Value, int Steps) Converge(double a, double b, double x)
    {
        var (c, d) = (1.0, 1 / NotZero(1 - (a + b) * x / (a + 1)));
        var h = d;
        for (var m = 1; m < MostTerms; m++)
        {
            var even = Even(a, b, x, m);
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            h *= d * c;
            var odd = Odd(a, b, x, m);
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            h *= d * c;
            if (Math.Abs(d * c - 1) < 1e-16) return (h, m);
        }
        return (h, MostTerms);
    }

    private static double Even(double a, double b, double x, double m) => m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));

    private static double Odd(double a, double b, double x, double m) => -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
