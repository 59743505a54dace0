namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    private const double RootTwoPi = 2.5066282746310005024;

    /// <summary>The normal distribution's function Φ(x) = ½ · erfc(−x/√2). Gradient: dy · φ(x), φ(x) = exp(−x²/2) / √(2π).</summary>
    public static readonly Unary NormalCdf = new("NormalCdf", NormalDistribution.Cdf, (x, y, dy) => dy * (x.Square() * -0.5).Exp() * (1 / RootTwoPi));

    /// <summary>ln Φ(x), precise in both tails. Gradient: dy · φ(x) / Φ(x).</summary>
    public static readonly Unary LogNormalCdf = new("LogNormalCdf", NormalDistribution.LogCdf, (x, y, dy) => dy * (x.Square() * -0.5 - y).Exp() * (1 / RootTwoPi));

    /// <summary>The x with Φ(x) = p, from 0 (−∞) to 1 (∞); NaN outside. Gradient: dy · √(2π) · exp(y²/2).</summary>
    public static readonly Unary NormalQuantile = new("NormalQuantile", NormalDistribution.Quantile, (x, y, dy) => dy * (y.Square() * 0.5).Exp() * RootTwoPi);

    /// <summary>The inverse error function on −1 to 1; NaN outside. Gradient: dy · √π/2 · exp(y²).</summary>
    public static readonly Unary ErfInv = new("ErfInv", NormalDistribution.ErfInverse, (x, y, dy) => dy * y.Square().Exp() * (1 / TwoOverRootPi));
}

/// <summary>The normal distribution.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.NormalCdf"/>
    public static Value NormalCdf(this Value x) => x.Graph.Add(Unary.NormalCdf, [x]);

    /// <inheritdoc cref="Unary.LogNormalCdf"/>
    public static Value LogNormalCdf(this Value x) => x.Graph.Add(Unary.LogNormalCdf, [x]);

    /// <inheritdoc cref="Unary.NormalQuantile"/>
    public static Value NormalQuantile(this Value p) => p.Graph.Add(Unary.NormalQuantile, [p]);

    /// <inheritdoc cref="Unary.ErfInv"/>
    public static Value ErfInv(this Value x) => x.Graph.Add(Unary.ErfInv, [x]);
}
