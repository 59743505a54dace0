namespace Dunlin.Graphs.Ops;

/// <summary>The normal distribution's function Φ, its logarithm and its inverse, from the error function.</summary>
internal static class NormalDistribution
{
    private const double RootHalf = 0.70710678118654752440;
    private const double TwoOverRootPi = 1.1283791670955125739;

    /// <summary>Φ(x), precise in the lower tail.</summary>
    public static double Cdf(double x) => 0.5 * ErrorFunction.Erfc(-x * RootHalf);

    /// <summary>ln Φ(x), precise in both tails.</summary>
    public static double LogCdf(double x) => x < -1
        ? Math.Log(0.5 * ErrorFunction.ScaledErfc(-x * RootHalf)) - x * x / 2
        : SpecialFunctions.Log1p(-0.5 * ErrorFunction.Erfc(x * RootHalf));

    /// <summary>The x with Φ(x) = p; NaN outside 0 to 1.</summary>
    public static double Quantile(double p) => p is < 0 or > 1 || double.IsNaN(p) ? double.NaN
        : p < 0.25 ? -ErfcInverse(2 * p) / RootHalf
        : ErfInverse(2 * p - 1) / RootHalf;

    /// <summary>The x with erf(x) = y; NaN outside −1 to 1.</summary>
    public static double ErfInverse(double y)
    {
        if (double.IsNaN(y) || y is < -1 or > 1) return double.NaN;
        if (Math.Abs(y) > 0.5) return Math.CopySign(ErfcInverse(1 - Math.Abs(y)), y);
        if (y == 0) return y;
        var x = Start(y);
        for (var i = 0; i < 3; i++)
        {
            // Halley's step: the second derivative of erf is −2x times its first.
            var step = (ErrorFunction.Erf(x) - y) / (TwoOverRootPi * Math.Exp(-x * x));
            x -= step / (1 + x * step);
        }
        return x;
    }

    /// <summary>The x with erfc(x) = p, for 0 ≤ p ≤ ½; ln erfc is made to agree, which is nearly a parabola in the tail.</summary>
    private static double ErfcInverse(double p)
    {
        if (p == 0) return double.PositiveInfinity;
        var logarithm = Math.Log(p);
        var x = p < 1e-3 ? Math.Sqrt(-logarithm - 0.5 * Math.Log(-Math.PI * logarithm)) : Start(1 - p);
        for (var i = 0; i < 4; i++)
        {
            var scaled = ErrorFunction.ScaledErfc(x);
            var slope = -TwoOverRootPi / scaled;
            // The difference of logarithms is found from the ratio where that is near 1, so that no digits are lost.
            var ratio = scaled * Math.Exp(-x * x) / p;
            var difference = ratio is > 0.5 and < 2 && p > 1e-290 ? SpecialFunctions.Log1p(ratio - 1) : Math.Log(scaled) - x * x - logarithm;
            var step = difference / slope;
            var curvature = -(2 * x + slope);
            x -= step / (1 - 0.5 * step * curvature);
        }
        return x;
    }

    /// <summary>Winitzki's approximation to the inverse error function, good to 0.2 %.</summary>
    private static double Start(double y)
    {
        const double A = 0.147;
        var logarithm = SpecialFunctions.Log1p(-y * y);
        var half = 2 / (Math.PI * A) + logarithm / 2;
        return Math.CopySign(Math.Sqrt(Math.Sqrt(half * half - logarithm / A) - half), y);
    }
}
