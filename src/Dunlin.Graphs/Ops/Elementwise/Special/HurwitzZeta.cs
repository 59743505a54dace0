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
}
