namespace Dunlin.Graphs.Ops;

/// <summary>
/// The functions of three numbers of one floating-point type: a table with a line for each. The gradient is given a, b, c, y = f(a, b, c)
/// and dy, and returns the three partial gradients before they are summed over broadcast dimensions. 16-bit floats are computed in Float32.
/// </summary>
public sealed record Ternary : Elementwise
{
    private readonly TileFunction _f32;
    private readonly TileFunction _f64;
    private readonly Func<Value, Value, Value, Value, Value, (Value A, Value B, Value C)> _gradient;

    private Ternary(string name, TernaryTile<float>.Map f32, TernaryTile<double>.Map f64, Func<Value, Value, Value, Value, Value, (Value, Value, Value)> gradient) =>
        (Name, _f32, _f64, _gradient) = (name, new TernaryTile<float>(f32), new TernaryTile<double>(f64), gradient);

    /// <summary>a · b + c, rounded once. Gradients: dy · b, dy · a, dy.</summary>
    public static readonly Ternary Fma = new("Fma", float.FusedMultiplyAdd, double.FusedMultiplyAdd, (a, b, c, y, dy) => (dy * b, dy * a, dy));

    /// <summary>From a to b by the share c: a + c · (b − a), from b's end for c ≥ ½ so that both ends are exact. Gradients: dy · (1 − c), dy · c, dy · (b − a).</summary>
    public static readonly Ternary Lerp = new("Lerp",
        static (a, b, c) => c < 0.5f ? a + c * (b - a) : b - (1 - c) * (b - a), static (a, b, c) => c < 0.5 ? a + c * (b - a) : b - (1 - c) * (b - a),
        (a, b, c, y, dy) => (dy * (1 - c), dy * c, dy * (b - a)));

    /// <summary>∂I(a, b, c) / ∂a of <see cref="Betainc"/>. Gradients: for c the density · (ln c − ψ(a) + ψ(a + b)); for a and b there is none: a step that needs it fails.</summary>
    internal static readonly Ternary BetaincByA = new("BetaincByA", static (a, b, c) => (float)IncompleteBeta.ByA(a, b, c), IncompleteBeta.ByA, (a, b, c, y, dy) => (
        a.Underivable("Betainc has no second derivative by a."), b.Underivable("Betainc has no second derivative by a and b."),
        dy * BetaDensity(a, b, c) * (c.Log() - a.Digamma() + (a + b).Digamma())));

    /// <summary>∂I(a, b, c) / ∂b of <see cref="Betainc"/>. Gradients: for c the density · (ln(1 − c) − ψ(b) + ψ(a + b)); for a and b there is none: a step that needs it fails.</summary>
    internal static readonly Ternary BetaincByB = new("BetaincByB", static (a, b, c) => (float)IncompleteBeta.ByB(a, b, c), IncompleteBeta.ByB, (a, b, c, y, dy) => (
        a.Underivable("Betainc has no second derivative by a and b."), b.Underivable("Betainc has no second derivative by b."),
        dy * BetaDensity(a, b, c) * ((-c).Log1p() - b.Digamma() + (a + b).Digamma())));

    /// <summary>
    /// The regularised incomplete beta function 1/B(a, b) · ∫₀ᶜ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt for a, b > 0 and c from 0 to 1; NaN else.
    /// Gradients: for c dy · cᵃ⁻¹ (1 − c)ᵇ⁻¹ / B(a, b), of any order; for a and b by differentiating the continued fraction, of first order only.
    /// </summary>
    public static readonly Ternary Betainc = new("Betainc", static (a, b, c) => (float)IncompleteBeta.Of(a, b, c), IncompleteBeta.Of, (a, b, c, y, dy) => (
        dy * a.Graph.Add(BetaincByA, [a, b, c]), dy * a.Graph.Add(BetaincByB, [a, b, c]), dy * BetaDensity(a, b, c)));

    /// <summary>cᵃ⁻¹ (1 − c)ᵇ⁻¹ / B(a, b), the derivative of the incomplete beta function by c.</summary>
    private static Value BetaDensity(Value a, Value b, Value c) => ((a - 1).Xlogy(c) + (b - 1).Xlog1py(-c) - a.LogBeta(b)).Exp();

    /// <summary>Every member of the table.</summary>
    internal static IReadOnlyList<Ternary> All => [Fma, Lerp, Betainc];

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => SameType(inputs, 3) is var type && type.IsFloat() ? type : throw Mismatch(inputs, "takes floating-point numbers.");

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : inputs[0] switch
    {
        DType.Float64 => _f64,
        DType.Float32 => _f32,
        _ => new WidenedTile(_f32, inputs, inputs[0]),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, b, c) = (node.Inputs[0], node.Inputs[1], node.Inputs[2]);
        var (da, db, dc) = _gradient(a, b, c, node.Outputs[0], outputGradients[0]!);
        return [da.ReduceToLike(a), db.ReduceToLike(b), dc.ReduceToLike(c)];
    }

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Ternary? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private sealed unsafe class TernaryTile<T>(TernaryTile<T>.Map map) : TileFunction where T : unmanaged
    {
        public delegate T Map(T a, T b, T c);

        public override void Run(nint* operands, int count)
        {
            T* a = (T*)operands[0], b = (T*)operands[1], c = (T*)operands[2], y = (T*)operands[3];
            for (var i = 0; i < count; i++) y[i] = map(a[i], b[i], c[i]);
        }
    }
}

/// <summary>Functions of three numbers.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ternary.Fma"/>
    public static Value Fma(this Value a, Value b, Value c) => a.Graph.Add(Ternary.Fma, [a, b, c]);

    /// <summary>From a to b by a share, the same or one for each element; see <see cref="Ternary.Lerp"/>.</summary>
    public static Value Lerp(this Value a, Value b, Value share) => a.Graph.Add(Ternary.Lerp, [a, b, share]);

    /// <summary>The regularised incomplete beta function of x; see <see cref="Ternary.Betainc"/>.</summary>
    public static Value Betainc(Value a, Value b, Value x) => x.Graph.Add(Ternary.Betainc, [a, b, x]);
}
