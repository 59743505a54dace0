namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    /// <summary>The modified Bessel function I₀(x). Gradient: dy · I₁(x).</summary>
    public static readonly Unary BesselI0 = new("BesselI0", Bessel.I0, (x, y, dy) => dy * x.BesselI1());

    /// <summary>The modified Bessel function I₁(x). Gradient: dy · (I₀(x) − y / x), which is ½ at 0.</summary>
    public static readonly Unary BesselI1 = new("BesselI1", Bessel.I1, (x, y, dy) => dy * (x.BesselI0() - ByX(x, y)));

    /// <summary>e⁻|ˣ| · I₀(x), which does not overflow. Gradient: dy · (e⁻|ˣ| · I₁(x) − sign(x) · y).</summary>
    public static readonly Unary BesselI0Scaled = new("BesselI0Scaled", Bessel.I0Scaled, (x, y, dy) => dy * (x.BesselI1Scaled() - x.Sign() * y));

    /// <summary>e⁻|ˣ| · I₁(x), which does not overflow. Gradient: dy · (e⁻|ˣ| · I₀(x) − sign(x) · y − y / x), which is ½ at 0.</summary>
    public static readonly Unary BesselI1Scaled = new("BesselI1Scaled", Bessel.I1Scaled, (x, y, dy) => dy * (x.BesselI0Scaled() - x.Sign() * y - ByX(x, y)));

    /// <summary>y / x, and its limit ½ where x is 0.</summary>
    private static Value ByX(Value x, Value y)
    {
        var isZero = x.EqualTo(x.Number(0));
        return Operations.Select(isZero, x.Number(0.5), y / Operations.Select(isZero, x.Number(1), x));
    }
}

/// <summary>Bessel functions.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.BesselI0"/>
    public static Value BesselI0(this Value x) => x.Graph.Add(Unary.BesselI0, [x]);

    /// <inheritdoc cref="Unary.BesselI1"/>
    public static Value BesselI1(this Value x) => x.Graph.Add(Unary.BesselI1, [x]);

    /// <inheritdoc cref="Unary.BesselI0Scaled"/>
    public static Value BesselI0Scaled(this Value x) => x.Graph.Add(Unary.BesselI0Scaled, [x]);

    /// <inheritdoc cref="Unary.BesselI1Scaled"/>
    public static Value BesselI1Scaled(this Value x) => x.Graph.Add(Unary.BesselI1Scaled, [x]);
}
