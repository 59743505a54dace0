namespace Dunlin.Graphs.Ops;

/// <summary>The logarithm of the gamma function, and its derivatives.</summary>
internal static class GammaFunctions
{
    private const double Euler = 0.57721566490153286061;
    private const double HalfLogTwoPi = 0.91893853320467274178;

    /// <summary>The zero of ψ above 0, in two parts.</summary>
    private const double Root = 1.4616321449683623, RootRest = 9.5499954299656977e-17;

    /// <summary>From here on the asymptotic series are exact.</summary>
    private const double Far = 10;

    private static readonly double[] Stirling = [1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400];
    private static readonly double[] Bernoulli = [1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160];

    /// <summary>(−1)ᵏ · (ζ(k) − 1) / k from k = 2: the series of ln Γ(2 + z) − z · (1 − γ).</summary>
    private static readonly double[] AtTwo = [.. Enumerable.Range(2, 28).Select(k => (k % 2 == 0 ? 1 : -1) * HurwitzZeta.Of(k, 2) / k)];

    /// <summary>ψ⁽ᵏ⁾ / k! at its root from k = 1.</summary>
    private static readonly double[] AtRoot = [.. Enumerable.Range(1, 22).Select(k => (k % 2 == 1 ? 1 : -1) * HurwitzZeta.Of(k + 1, Root))];

    /// <summary>ln |Γ(x)|; ∞ at 0, −1, −2, …. Next to its zeros below 0 only the absolute error is small.</summary>
    public static double LogGamma(double x)
    {
        if (double.IsNaN(x) || double.IsPositiveInfinity(x)) return x;
        if (x <= 0)
        {
            if (x == Math.Floor(x)) return double.PositiveInfinity;
            if (x < -0.5) return Math.Log(Math.PI / Math.Abs(double.SinPi(x))) - LogGamma(1 - x);
            return LogGamma(1 + x) - Math.Log(-x);
        }
        if (x < 0.5) return NearTwo(x) - SpecialFunctions.Log1p(x) - Math.Log(x);
        if (x < 1.5) return NearTwo(x - 1) - SpecialFunctions.Log1p(x - 1);
        if (x < Far)
        {
            var product = 1.0;
            for (; x > 2.5; product *= x) x--;
            return Math.Log(product) + NearTwo(x - 2);
        }
        return (x - 0.5) * Math.Log(x) - x + HalfLogTwoPi + StirlingRest(x);
    }

    /// <summary>ln Γ(x) − ((x − ½) · ln x − x + ½ · ln 2π), for x > 0.</summary>
    public static double StirlingRest(double x) => x < Far
        ? LogGamma(x) - ((x - 0.5) * Math.Log(x) - x + HalfLogTwoPi)
        : SpecialFunctions.Polynomial(Stirling, 1 / (x * x)) / x;

    /// <summary>ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b) for a, b ≥ 0, where large numbers do not cancel.</summary>
    public static double LogBeta(double a, double b)
    {
        if (a > b) (a, b) = (b, a);
        if (double.IsNaN(a) || double.IsNaN(b) || a < 0) return double.NaN;
        if (a == 0) return double.PositiveInfinity;
        if (double.IsPositiveInfinity(b)) return double.NegativeInfinity;
        if (b < Far) return LogGamma(a) + LogGamma(b) - LogGamma(a + b);
        var rest = StirlingRest(b) - StirlingRest(a + b) + (b - 0.5) * SpecialFunctions.Log1p(-a / (a + b));
        return a < Far
            ? LogGamma(a) + rest + a - a * Math.Log(a + b)
            : HalfLogTwoPi - 0.5 * Math.Log(b) + StirlingRest(a) + (a - 0.5) * Math.Log(a / (a + b)) + rest + 0.5 * SpecialFunctions.Log1p(-a / (a + b));
    }

    /// <summary>ψ(x) = d/dx ln Γ(x); −∞ at 0 (∞ at −0), NaN at −1, −2, ….</summary>
    public static double Digamma(double x)
    {
        if (x == 0) return Math.CopySign(double.PositiveInfinity, -x);
        if (x < 0)
        {
            if (x == Math.Floor(x)) return double.NaN;
            return Digamma(1 - x) - Math.PI / double.TanPi(x);
        }
        if (Math.Abs(x - Root) < 0.25)
        {
            var distance = x - Root - RootRest;
            return distance * SpecialFunctions.Polynomial(AtRoot, distance);
        }
        var below = 0.0;
        for (; x < Far; x++) below += 1 / x;
        var square = 1 / (x * x);
        return Math.Log(x) - 0.5 / x - square * SpecialFunctions.Polynomial(Bernoulli, square) - below;
    }

    /// <summary>ψ(x + distance) − ψ(x) for positive x and x + distance, where nothing cancels: each term has the sign of the distance.</summary>
    public static double DigammaDifference(double x, double distance)
    {
        var sum = 0.0;
        // ψ(x + 1) = ψ(x) + 1 / x.
        for (; x < Far || x + distance < Far; x++) sum += distance / x / (x + distance);
        // The asymptotic series of both, with the divided difference of its polynomial by Horner's rule.
        var end = x + distance;
        var (u, v) = (1 / (x * x), 1 / (end * end));
        var (value, divided) = (0.0, 0.0);
        for (var k = Bernoulli.Length - 1; k >= 0; k--) (value, divided) = (value * u + Bernoulli[k], divided * v + value);
        // (u · p(u) − v · p(v)) / (u − v) = p(u) + v · (p(u) − p(v)) / (u − v).
        var series = distance / x * ((x + end) / (end * end) / x) * (value + v * divided);
        return SpecialFunctions.Log1p(distance / x) + 0.5 * distance / x / end + series + sum;
    }

    /// <summary>dⁿ/dxⁿ ψ(x) = (−1)ⁿ⁺¹ · n! · ζ(n + 1, x), n ≥ 1.</summary>
    public static double Polygamma(int n, double x)
    {
        if (n == 1 && x < 0 && x != Math.Floor(x))
        {
            var sine = double.SinPi(x);
            return Math.PI * Math.PI / (sine * sine) - HurwitzZeta.Of(2, 1 - x);
        }
        var factorial = 1.0;
        for (var k = 2; k <= n; k++) factorial *= k;
        return (n % 2 == 1 ? factorial : -factorial) * HurwitzZeta.Of(n + 1, x);
    }

    /// <summary>ln Γ(2 + z) for |z| ≤ ½.</summary>
    private static double NearTwo(double z) => z * (1 - Euler + z * SpecialFunctions.Polynomial(AtTwo, z));
}
