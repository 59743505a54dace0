namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    /// <summary>ln |Γ(x)|; ∞ at 0, −1, −2, …. Gradient: dy · ψ(x).</summary>
    public static readonly Unary LogGamma = new("LogGamma", GammaFunctions.LogGamma, (x, y, dy) => dy * x.Digamma());

    /// <summary>ψ(x), the derivative of ln Γ(x); NaN at −1, −2, …. Gradient: dy · ψ′(x).</summary>
    public static readonly Unary Digamma = new("Digamma", GammaFunctions.Digamma, (x, y, dy) => dy * x.Polygamma(1));
}

public sealed partial record Binary
{
    /// <summary>ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b) for a, b ≥ 0, without cancellation; NaN else. Gradients: dy · (ψ(a) − ψ(a + b)), dy · (ψ(b) − ψ(a + b)).</summary>
    public static readonly Binary LogBeta = new("LogBeta", GammaFunctions.LogBeta, (a, b, y, dy) =>
    {
        var both = (a + b).Digamma();
        return (dy * (a.Digamma() - both), dy * (b.Digamma() - both));
    });

    /// <summary>∂²ζ(a, b) / ∂a². Gradients: for b −dy · (2 · ∂ζ(a + 1, b) / ∂a + a · ∂²ζ(a + 1, b) / ∂a²); for a there is none: a step that needs it fails.</summary>
    internal static readonly Binary ZetaByExponentTwice = new("ZetaByExponentTwice", (a, b) => HurwitzZeta.ByExponent(2, a, b), (a, b, y, dy) =>
        (a.Underivable("Zeta has no third derivative by its exponent a."), -dy * (2 * ZetaSlope(a + 1, b) + a * a.Graph.Add(ZetaByExponentTwice!, [a + 1, b]))));

    /// <summary>∂ζ(a, b) / ∂a = −Σₙ ln(b + n) · (b + n)⁻ᵃ. Gradients: for a the second derivative, for b −dy · (ζ(a + 1, b) + a · ∂ζ(a + 1, b) / ∂a).</summary>
    internal static readonly Binary ZetaByExponent = new("ZetaByExponent", (a, b) => HurwitzZeta.ByExponent(1, a, b), (a, b, y, dy) =>
        (dy * a.Graph.Add(ZetaByExponentTwice, [a, b]), -dy * ((a + 1).Zeta(b) + a * ZetaSlope(a + 1, b))));

    /// <summary>
    /// Hurwitz' zeta function Σₙ (b + n)⁻ᵃ over n ≥ 0, for a > 1 (∞ at 1, NaN below) and b > 0, or b below if a is an integer.
    /// Gradients: for a, where b > 0, by differentiating the sum, of second order at most; for b −dy · a · ζ(a + 1, b).
    /// </summary>
    public static readonly Binary Zeta = new("Zeta", HurwitzZeta.Of, (a, b, y, dy) => (dy * ZetaSlope(a, b), -dy * a * (a + 1).Zeta(b)));

    /// <summary>∂²P(a, b) / ∂a². Gradients: for b the density · ((ln b − ψ(a))² − ψ′(a)); for a there is none: a step that needs it fails.</summary>
    internal static readonly Binary IgammaByATwice = new("IgammaByATwice", IncompleteGamma.LowerByATwice, (a, b, y, dy) =>
        (a.Underivable("The incomplete gamma functions have no third derivative by a."), dy * GammaDensity(a, b) * ((b.Log() - a.Digamma()).Square() - a.Polygamma(1))));

    /// <summary>∂P(a, b) / ∂a. Gradients: for a the second derivative, for b the density · (ln b − ψ(a)).</summary>
    internal static readonly Binary IgammaByA = new("IgammaByA", IncompleteGamma.LowerByA, (a, b, y, dy) =>
        (dy * a.Graph.Add(IgammaByATwice, [a, b]), dy * GammaDensity(a, b) * (b.Log() - a.Digamma())));

    /// <summary>
    /// The regularised lower incomplete gamma function P(a, b) = 1/Γ(a) · ∫₀ᵇ tᵃ⁻¹ e⁻ᵗ dt for a, b ≥ 0; NaN else.
    /// Gradients: for b dy · bᵃ⁻¹ e⁻ᵇ / Γ(a), of any order; for a by differentiating the series, of second order at most.
    /// </summary>
    public static readonly Binary Igamma = new("Igamma", IncompleteGamma.Lower, (a, b, y, dy) => (dy * a.Graph.Add(IgammaByA, [a, b]), dy * GammaDensity(a, b)));

    /// <summary>The regularised upper incomplete gamma function Q(a, b) = 1 − P(a, b), precise where it is small. Gradients: those of <see cref="Igamma"/>, negated.</summary>
    public static readonly Binary Igammac = new("Igammac", IncompleteGamma.Upper, (a, b, y, dy) => (-dy * a.Graph.Add(IgammaByA, [a, b]), -dy * GammaDensity(a, b)));

    private static Value ZetaSlope(Value a, Value b) => a.Graph.Add(ZetaByExponent, [a, b]);

    /// <summary>bᵃ⁻¹ e⁻ᵇ / Γ(a), the derivative of P(a, b) by b.</summary>
    internal static Value GammaDensity(Value a, Value b) => ((a - 1).Xlogy(b) - b - a.LogGamma()).Exp();
}

/// <summary>The n-th derivative of ψ(x) for n ≥ 1: (−1)ⁿ⁺¹ · n! · ζ(n + 1, x); ∞ in size at 0, −1, −2, ….</summary>
/// <remarks>Gradient: dy times the next derivative.</remarks>
/// <param name="Order">n, from 1 to 170.</param>
public sealed record Polygamma(int Order) : Parametric
{
    /// <summary>171! is beyond Float64.</summary>
    private const int MostOrder = 170;

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) =>
        Order is >= 1 and <= MostOrder ? base.ResultType(inputs) : throw Mismatch(inputs, $"the order is from 1 to {MostOrder}, not {Order}; Digamma is that of order 0.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]! * node.Inputs[0].Polygamma(Order + 1)];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        for (var i = 0; i < x.Length; i++) y[i] = T.CreateTruncating(GammaFunctions.Polygamma(Order, double.CreateTruncating(x[i])));
    }
}

/// <summary>The gamma function and its kin.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.LogGamma"/>
    public static Value LogGamma(this Value x) => x.Graph.Add(Unary.LogGamma, [x]);

    /// <inheritdoc cref="Unary.Digamma"/>
    public static Value Digamma(this Value x) => x.Graph.Add(Unary.Digamma, [x]);

    /// <inheritdoc cref="Ops.Polygamma"/>
    public static Value Polygamma(this Value x, int order) => x.Graph.Add(new Polygamma(order), [x]);

    /// <inheritdoc cref="Binary.LogBeta"/>
    public static Value LogBeta(this Value a, Value b) => a.Graph.Add(Binary.LogBeta, [a, b]);

    /// <summary>B(a, b) = Γ(a) · Γ(b) / Γ(a + b), the exponential of <see cref="LogBeta"/>.</summary>
    public static Value Beta(this Value a, Value b) => a.LogBeta(b).Exp();

    /// <inheritdoc cref="Binary.Zeta"/>
    public static Value Zeta(this Value a, Value b) => a.Graph.Add(Binary.Zeta, [a, b]);

    /// <inheritdoc cref="Binary.Igamma"/>
    public static Value Igamma(this Value a, Value x) => a.Graph.Add(Binary.Igamma, [a, x]);

    /// <inheritdoc cref="Binary.Igammac"/>
    public static Value Igammac(this Value a, Value x) => a.Graph.Add(Binary.Igammac, [a, x]);
}
