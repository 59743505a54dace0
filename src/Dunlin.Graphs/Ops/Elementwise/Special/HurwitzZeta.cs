namespace Dunlin.Graphs.Ops;

/// <summary>The zeta function of Hurwitz, Σₙ (q + n)⁻ˢ, n from 0: some terms, then the formula of Euler and Maclaurin for the rest.</summary>
internal static class HurwitzZeta
{
    private const double LeastSum = -1e6;

    /// <summary>(2k)! / B₂ₖ of the Bernoulli numbers.</summary>
    private static readonly double[] Divisors =
    [
        12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
        1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
    ];

    /// <summary>Σₙ (q + n)⁻ˢ.</summary>
    /// <param name="s">Above 1; ∞ at 1, else NaN.</param>
    /// <param name="q">Above 0, or below if s is an integer (∞ at 0, −1, −2, …; NaN under −10⁶).</param>
    public static double Of(double s, double q)
    {
        if (s == 1) return double.PositiveInfinity;
        if (!(s > 1) || double.IsNaN(q)) return double.NaN;
        if (q <= 0 && q == Math.Floor(q)) return double.PositiveInfinity;
        if (q < 0 && (s != Math.Floor(s) || q < LeastSum)) return double.NaN;
        var (sum, a, n) = (0.0, q, 0);
        for (; n < 9 || a <= 9; n++, a++)
        {
            var term = Math.Pow(a, -s);
            sum += term;
            if (a > 1 && Math.Abs(term) < double.Epsilon + 1e-17 * Math.Abs(sum)) return sum;
        }
        var power = Math.Pow(a, -s);
        sum += power * a / (s - 1) + power / 2;
        var factor = 1.0;
        for (var k = 0; k < Divisors.Length; k++)
        {
            factor *= s + 2 * k;
            power /= a;
            var term = factor * power / Divisors[k];
            sum += term;
            if (Math.Abs(term) < 1e-17 * Math.Abs(sum)) break;
            factor *= s + 2 * k + 1;
            power /= a;
        }
        return sum;
    }

    /// <summary>dⁿ/dsⁿ Σₖ (q + k)⁻ˢ = Σₖ (−ln(q + k))ⁿ (q + k)⁻ˢ for n = 1 or 2: the same formula, its terms differentiated.</summary>
    /// <param name="order">n.</param>
    /// <param name="s">Above 1; (−1)ⁿ · ∞ at 1, else NaN.</param>
    /// <param name="q">Above 0; NaN below, where the sum is defined for integers s only.</param>
    public static double ByExponent(int order, double s, double q)
    {
        if (s == 1 && q > 0) return order == 1 ? double.NegativeInfinity : double.PositiveInfinity;
        if (!(s > 1) || !(q > 0)) return double.NaN;
        if (double.IsInfinity(s) || double.IsInfinity(q)) return double.IsInfinity(s) && q <= 1 ? double.NaN : 0;
        var exponent = new Jet(s, 1);
        var (sum, a) = (new Jet(0), q);
        for (var n = 0; n < 9 || a <= 9; n++, a++) sum += Power(a);
        var power = Power(a);
        sum += power * a / (exponent - 1) + power / 2;
        Jet factor = 1;
        for (var k = 0; k < Divisors.Length; k++)
        {
            factor *= exponent + 2 * k;
            power /= a;
            var term = factor * power / Divisors[k];
            sum += term;
            if (term.Size < 1e-17 * sum.Size) break;
            factor *= exponent + (2 * k + 1);
            power /= a;
        }
        return sum[order];

        Jet Power(double x) => Jet.Power(Math.Pow(x, -s), -Math.Log(x), 0);
    }
}
