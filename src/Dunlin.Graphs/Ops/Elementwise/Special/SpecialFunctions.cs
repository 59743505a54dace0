namespace Dunlin.Graphs.Ops;

/// <summary>What the special functions are made of, in Float64. Each is as exact as its parts: a few units in the last place unless it says otherwise.</summary>
internal static class SpecialFunctions
{
    /// <summary>A function of one number over spans of Float32: computed in Float64, rounded once.</summary>
    public static UnaryMap<float> Single(Func<double, double> function) => (x, y) =>
    {
        for (var i = 0; i < x.Length; i++) y[i] = (float)function(x[i]);
    };

    /// <summary>A function of one number over spans.</summary>
    public static UnaryMap<double> Double(Func<double, double> function) => (x, y) =>
    {
        for (var i = 0; i < x.Length; i++) y[i] = function(x[i]);
    };

    /// <summary>A function of two numbers over spans of Float32: computed in Float64, rounded once.</summary>
    public static BinaryMap<float> Single(Func<double, double, double> function) => (a, b, y) =>
    {
        for (var i = 0; i < a.Length; i++) y[i] = (float)function(a[i], b[i]);
    };

    /// <summary>A function of two numbers over spans.</summary>
    public static BinaryMap<double> Double(Func<double, double, double> function) => (a, b, y) =>
    {
        for (var i = 0; i < a.Length; i++) y[i] = function(a[i], b[i]);
    };

    /// <summary>ln(1 + x); see <see cref="ElementaryMaps.Log1p"/>.</summary>
    public static double Log1p(double x)
    {
        var u = 1 + x;
        var logarithm = Math.Log(u);
        return double.IsFinite(logarithm) ? logarithm - ((u - 1) - x) / u : logarithm;
    }

    /// <summary>ln(1 + x) − x, without the cancellation near 0: with r = x / (2 + x), r · (2r² · Σ r²ᵏ / (2k + 3) − x).</summary>
    public static double Log1pMinus(double x)
    {
        if (x is < -0.5 or > 1 || double.IsNaN(x)) return Log1p(x) - x;
        var r = x / (2 + x);
        var (square, sum) = (r * r, 0.0);
        for (var k = 20; k >= 0; k--) sum = sum * square + 1.0 / (2 * k + 3);
        return r * (2 * square * sum - x);
    }

    /// <summary>Horner's rule, lowest power first.</summary>
    public static double Polynomial(ReadOnlySpan<double> coefficients, double x)
    {
        var sum = 0.0;
        for (var i = coefficients.Length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
        return sum;
    }
}
