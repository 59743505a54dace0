namespace Dunlin.Graphs.Ops;

/// <summary>x, with numbers in place of NaN and the infinities.</summary>
/// <remarks>Gradient: dy where x is finite, else 0.</remarks>
/// <param name="NaN">In place of NaN.</param>
/// <param name="PositiveInfinity">In place of ∞; null for the largest finite number of the element type.</param>
/// <param name="NegativeInfinity">In place of −∞; null for the least finite number of the element type.</param>
public sealed record NanToNum(double NaN, double? PositiveInfinity, double? NegativeInfinity) : Parametric
{
    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar)
    {
        if (PositiveInfinity is not null && NegativeInfinity is not null) return base.Tile(inputs, scalar);
        var largest = inputs[0] switch
        {
            DType.Float64 => double.MaxValue,
            DType.Float32 => float.MaxValue,
            DType.Float16 => (double)Half.MaxValue,
            _ => BFloat16.FromBits(0x7F7F),
        };
        return (this with { PositiveInfinity = PositiveInfinity ?? largest, NegativeInfinity = NegativeInfinity ?? -largest }).Tile(inputs, scalar);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0].IsFinite(), outputGradients[0]!, outputGradients[0]!.Number(0))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        var (nan, positive, negative) = (T.CreateTruncating(NaN), T.CreateTruncating(PositiveInfinity!.Value), T.CreateTruncating(NegativeInfinity!.Value));
        for (var i = 0; i < x.Length; i++)
            y[i] = T.IsFinite(x[i]) ? x[i] : T.IsNaN(x[i]) ? nan : T.IsNegative(x[i]) ? negative : positive;
    }
}

/// <summary>Repairs.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.NanToNum"/>
    public static Value NanToNum(this Value x, double nan = 0, double? positiveInfinity = null, double? negativeInfinity = null) =>
        x.Graph.Add(new NanToNum(nan, positiveInfinity, negativeInfinity), [x]);
}
