using System.Numerics;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    private const double TwoOverRootPi = 1.1283791670955125739;

    /// <summary>The error function 2/√π · ∫₀ˣ exp(−t²) dt. Gradient: dy · 2/√π · exp(−x²).</summary>
    public static readonly Unary Erf = new("Erf", ErrorFunction.Erf, ErrorFunction.Erf, (x, y, dy) => dy * TwoOverRootPi * (-x.Square()).Exp());

    /// <summary>1 − erf(x), precise where that is small. Gradient: −dy · 2/√π · exp(−x²).</summary>
    public static readonly Unary Erfc = new("Erfc", ErrorFunction.Erfc, ErrorFunction.Erfc, (x, y, dy) => dy * -TwoOverRootPi * (-x.Square()).Exp());
}

/// <summary>
/// The error function: in Float32 a rational approximation x · P(x²) / Q(x²) that is good to two units in the last place, vectorised;
/// in Float64 the piecewise rational approximations of fdlibm's s_erf.c (Sun Microsystems, 1993), good to one.
/// </summary>
internal static class ErrorFunction
{
    private const double TwoOverRootPi = 1.1283791670955125739;

    private static readonly float[] P =
        [-2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f, -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f, -1.60960333262415e-02f];
    private static readonly float[] Q =
        [-1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f, -7.37332916720468e-03f, -1.42647390514189e-02f];

    private static readonly double[] SmallP = [-2.37630166566501626084e-05, -5.77027029648944159157e-03, -2.84817495755985104766e-02, -3.25042107247001499370e-01, 1.28379167095512558561e-01];
    private static readonly double[] SmallQ = [-3.96022827877536812320e-06, 1.32494738004321644526e-04, 5.08130628187576562776e-03, 6.50222499887672944485e-02, 3.97917223959155352819e-01, 1];
    private static readonly double[] MiddleP =
        [-2.16637559486879084300e-03, 3.54783043256182359371e-02, -1.10894694282396677476e-01, 3.18346619901161753674e-01, -3.72207876035701323847e-01, 4.14856118683748331666e-01, -2.36211856075265944077e-03];
    private static readonly double[] MiddleQ =
        [1.19844998467991074170e-02, 1.36370839120290507362e-02, 1.26171219808761642112e-01, 7.18286544141962662868e-02, 5.40397917702171048937e-01, 1.06420880400844228286e-01, 1];
    private static readonly double[] TailP =
        [-9.81432934416914548592e+00, -8.12874355063065934246e+01, -1.84605092906711035994e+02, -1.62396669462573470355e+02, -6.23753324503260060396e+01, -1.05586262253232909814e+01, -6.93858572707181764372e-01, -9.86494403484714822705e-03];
    private static readonly double[] TailQ =
        [-6.04244152148580987438e-02, 6.57024977031928170135e+00, 1.08635005541779435134e+02, 4.29008140027567833386e+02, 6.45387271733267880336e+02, 4.34565877475229228821e+02, 1.37657754143519042600e+02, 1.96512716674392571292e+01, 1];
    private static readonly double[] FarP =
        [-4.83519191608651397019e+02, -1.02509513161107724954e+03, -6.37566443368389627722e+02, -1.60636384855821916062e+02, -1.77579549177547519889e+01, -7.99283237680523006574e-01, -9.86494292470009928597e-03];
    private static readonly double[] FarQ =
        [-2.24409524465858183362e+01, 4.74528541206955367215e+02, 2.55305040643316442583e+03, 3.19985821950859553908e+03, 1.53672958608443695994e+03, 3.25792512996573918826e+02, 3.03380607434824582924e+01, 1];

    public static void Erf(ReadOnlySpan<float> x, Span<float> y)
    {
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = Vector.Clamp(new Vector<float>(x[i..]), new Vector<float>(-4), new Vector<float>(4));
            var square = v * v;
            (v * Polynomial(P, square) / Polynomial(Q, square)).CopyTo(y[i..]);
        }
        for (; i < x.Length; i++)
        {
            var v = Math.Clamp(x[i], -4, 4);
            y[i] = v * Polynomial<float>(P, v * v) / Polynomial<float>(Q, v * v);
        }
    }

    public static void Erf(ReadOnlySpan<double> x, Span<double> y)
    {
        for (var i = 0; i < x.Length; i++) y[i] = Erf(x[i]);
    }

    public static void Erfc(ReadOnlySpan<float> x, Span<float> y)
    {
        for (var i = 0; i < x.Length; i++) y[i] = (float)Erfc(x[i]);
    }

    public static void Erfc(ReadOnlySpan<double> x, Span<double> y)
    {
        for (var i = 0; i < x.Length; i++) y[i] = Erfc(x[i]);
    }

    public static double Erf(double x)
    {
        var size = Math.Abs(x);
        if (size < 0.84375) return x + x * Polynomial<double>(SmallP, x * x) / Polynomial<double>(SmallQ, x * x);
        return size > 6 ? Math.Sign(x) : Math.CopySign(1 - ErfcOfPositive(size), x);
    }

    public static double Erfc(double x)
    {
        if (Math.Abs(x) < 0.84375) return 1 - Erf(x);
        return x > 0 ? ErfcOfPositive(x) : 2 - ErfcOfPositive(-x);
    }

    /// <summary>exp(x²) · erfc(x) for x ≥ 0, which neither underflows nor overflows.</summary>
    public static double ScaledErfc(double x)
    {
        if (x < 1.25) return Math.Exp(x * x) * Erfc(x);
        if (x < 28) return Math.Exp(TailExponent(x) - 0.5625) / x;
        var s = 1 / (2 * x * x);
        return TwoOverRootPi / 2 / x * (1 - s * (1 - 3 * s * (1 - 5 * s)));
    }

    /// <summary>erfc of x ≥ 0.84375.</summary>
    private static double ErfcOfPositive(double x)
    {
        const double Middle = 8.45062911510467529297e-01;
        if (double.IsNaN(x)) return x;
        if (x < 1.25) return 1 - Middle - Polynomial<double>(MiddleP, x - 1) / Polynomial<double>(MiddleQ, x - 1);
        if (x > 28) return 0;
        // The square is split so that its rounding does not spoil the exponential: z is x with half its digits, so z² is exact.
        var z = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(x) & unchecked((long)0xFFFF_FFFF_0000_0000));
        return Math.Exp(-z * z - 0.5625) * Math.Exp((z - x) * (z + x) + TailExponent(x)) / x;
    }

    /// <summary>ln(x · exp(x²) · erfc(x)) + 0.5625 for x from 1.25 to 28.</summary>
    private static double TailExponent(double x)
    {
        var s = 1 / (x * x);
        return x < 1 / 0.35 ? Polynomial<double>(TailP, s) / Polynomial<double>(TailQ, s) : Polynomial<double>(FarP, s) / Polynomial<double>(FarQ, s);
    }

    private static Vector<float> Polynomial(float[] coefficients, Vector<float> x)
    {
        var sum = new Vector<float>(coefficients[0]);
        for (var i = 1; i < coefficients.Length; i++) sum = Vector.FusedMultiplyAdd(sum, x, new Vector<float>(coefficients[i]));
        return sum;
    }

    /// <summary>Horner's rule, highest power first.</summary>
    private static T Polynomial<T>(ReadOnlySpan<T> coefficients, T x) where T : IFloatingPointIeee754<T>
    {
        var sum = coefficients[0];
        foreach (var c in coefficients[1..]) sum = T.FusedMultiplyAdd(sum, x, c);
        return sum;
    }
}

/// <summary>The error function.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Erf"/>
    public static Value Erf(this Value x) => x.Graph.Add(Unary.Erf, [x]);

    /// <inheritdoc cref="Unary.Erfc"/>
    public static Value Erfc(this Value x) => x.Graph.Add(Unary.Erfc, [x]);
}
