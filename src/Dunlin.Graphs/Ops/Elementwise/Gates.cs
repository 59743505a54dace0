using System.Numerics;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    /// <summary>ln σ(x) = min(x, 0) − ln(1 + exp(−|x|)), which never overflows. Gradient: dy · σ(−x).</summary>
    public static readonly Unary LogSigmoid = new("LogSigmoid", LogSigmoidOf, LogSigmoidOf, (x, y, dy) => dy * (-x).Sigmoid());

    /// <summary>x · min(max(x + 3, 0), 6) / 6. Gradient: 0 below −3, dy above 3, dy · (2x + 3) / 6 between.</summary>
    public static readonly Unary HardSwish = new("HardSwish", HardSwishOf, HardSwishOf,
        (x, y, dy) => Operations.Select(x > 3, dy, Operations.Select(x > -3, dy * (x * (1.0 / 3) + 0.5), dy.Number(0))));

    /// <summary>x − tanh x. Gradient: dy · tanh² x.</summary>
    public static readonly Unary Tanhshrink = new("Tanhshrink", x => x - Math.Tanh(x), (x, y, dy) => dy * x.Tanh().Square());

    private static void LogSigmoidOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> decay = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        ElementaryMaps.Decay(x, decay);
        for (var i = 0; i < x.Length; i++) y[i] = T.Min(x[i], T.Zero) - decay[i];
    }

    private static void HardSwishOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (three, six) = (T.CreateChecked(3), T.CreateChecked(6));
        for (var i = 0; i < x.Length; i++) y[i] = x[i] * T.Clamp(x[i] + three, T.Zero, six) / six;
    }
}

/// <summary>Continuously differentiable exponential linear unit (Barron, 2017): x for x > 0, else α · (exp(x / α) − 1).</summary>
/// <remarks>Gradient: dy, else dy · (y / α + 1).</remarks>
public sealed record Celu(double Alpha) : Parametric
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => Alpha != 0 ? base.ResultType(inputs) : throw Mismatch(inputs, "alpha is not 0.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0] > 0, outputGradients[0]!, outputGradients[0]! * (node.Outputs[0] * (1 / Alpha) + 1))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> scaled = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        var alpha = T.CreateChecked(Alpha);
        for (var i = 0; i < x.Length; i++) scaled[i] = x[i] / alpha;
        ElementaryMaps.Expm1<T>(scaled, scaled);
        for (var i = 0; i < x.Length; i++) y[i] = x[i] > T.Zero ? x[i] : alpha * scaled[i];
    }
}

/// <summary>x without λ of its size: x − λ above λ, x + λ below −λ, 0 between.</summary>
/// <remarks>Gradient: dy where |x| > λ, else 0.</remarks>
/// <param name="Lambda">At least 0.</param>
public sealed record Softshrink(double Lambda) : Parametric
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => Lambda >= 0 ? base.ResultType(inputs) : throw Mismatch(inputs, $"lambda is at least 0, not {Lambda}.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0].Abs() > Lambda, outputGradients[0]!, outputGradients[0]!.Number(0))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        var lambda = T.CreateChecked(Lambda);
        for (var i = 0; i < x.Length; i++) y[i] = x[i] > lambda ? x[i] - lambda : x[i] < -lambda ? x[i] + lambda : T.IsNaN(x[i]) ? x[i] : T.Zero;
    }
}

/// <summary>x where |x| > λ, else 0.</summary>
/// <remarks>Gradient: dy where |x| > λ, else 0.</remarks>
/// <param name="Lambda">At least 0.</param>
public sealed record Hardshrink(double Lambda) : Parametric
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => Lambda >= 0 ? base.ResultType(inputs) : throw Mismatch(inputs, $"lambda is at least 0, not {Lambda}.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0].Abs() > Lambda, outputGradients[0]!, outputGradients[0]!.Number(0))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        var lambda = T.CreateChecked(Lambda);
        for (var i = 0; i < x.Length; i++) y[i] = T.Abs(x[i]) <= lambda ? T.Zero : x[i];
    }
}

/// <summary>x where x > bound, else a fixed number.</summary>
/// <remarks>Gradient: dy where x > bound, else 0.</remarks>
public sealed record Threshold(double Bound, double Else) : Parametric
{
    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0] > Bound, outputGradients[0]!, outputGradients[0]!.Number(0))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        var (bound, other) = (T.CreateChecked(Bound), T.CreateChecked(Else));
        for (var i = 0; i < x.Length; i++) y[i] = x[i] <= bound ? other : x[i];
    }
}

/// <summary>Gates and shrinking activations.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.LogSigmoid"/>
    public static Value LogSigmoid(this Value x) => x.Graph.Add(Unary.LogSigmoid, [x]);

    /// <inheritdoc cref="Unary.HardSwish"/>
    public static Value HardSwish(this Value x) => x.Graph.Add(Unary.HardSwish, [x]);

    /// <inheritdoc cref="Unary.Tanhshrink"/>
    public static Value Tanhshrink(this Value x) => x.Graph.Add(Unary.Tanhshrink, [x]);

    /// <inheritdoc cref="Ops.Celu"/>
    public static Value Celu(this Value x, double alpha = 1) => x.Graph.Add(new Celu(alpha), [x]);

    /// <inheritdoc cref="Ops.Softshrink"/>
    public static Value Softshrink(this Value x, double lambda = 0.5) => x.Graph.Add(new Softshrink(lambda), [x]);

    /// <inheritdoc cref="Ops.Hardshrink"/>
    public static Value Hardshrink(this Value x, double lambda = 0.5) => x.Graph.Add(new Hardshrink(lambda), [x]);

    /// <inheritdoc cref="Ops.Threshold"/>
    public static Value Threshold(this Value x, double bound, double other) => x.Graph.Add(new Threshold(bound, other), [x]);

    /// <summary>x for x > 0, else slope · x with learned slopes (He et al., 2015): one, or one for each channel of x[N, C, …].</summary>
    public static Value PRelu(this Value x, Value slope)
    {
        if (slope.Shape.Rank == 1 && x.Shape.Rank > 2) slope = slope.Reshape(Shape.Of(-1).Append([.. Enumerable.Repeat(1, x.Shape.Rank - 2)]));
        return Select(x > 0, x, slope * x);
    }

    /// <summary>Gated linear unit (Dauphin et al., 2016): the first half along an axis times σ of the second.</summary>
    public static Value Glu(this Value x, int axis = -1) => Gated(x, axis, gate => gate.Sigmoid());

    /// <summary>As <see cref="Glu"/>, the gate rectified (Shazeer, GLU Variants Improve Transformer, 2020).</summary>
    public static Value Reglu(this Value x, int axis = -1) => Gated(x, axis, gate => gate.Relu());

    /// <summary>As <see cref="Glu"/>, with <see cref="Gelu"/> in place of σ (Shazeer, 2020).</summary>
    public static Value Geglu(this Value x, int axis = -1) => Gated(x, axis, gate => gate.Gelu());

    /// <summary>As <see cref="Glu"/>, with <see cref="Silu"/> in place of σ (Shazeer, 2020).</summary>
    public static Value Swiglu(this Value x, int axis = -1) => Gated(x, axis, gate => gate.Silu());

    /// <summary>x · σ(1.702 · x), an approximation of <see cref="Gelu"/> (Hendrycks and Gimpel, 2016).</summary>
    public static Value QuickGelu(this Value x) => x * (x * 1.702).Sigmoid();

    /// <summary>The softmax of −x.</summary>
    public static Value Softmin(this Value x, int axis = -1) => (-x).Softmax(axis);

    /// <summary>The largest of each <paramref name="pieces"/> neighbours along an axis, whose length becomes that many times smaller (Goodfellow et al., 2013).</summary>
    public static Value Maxout(this Value x, int pieces, int axis = -1)
    {
        var along = axis < 0 ? axis + x.Shape.Rank : axis;
        if (along < 0 || along >= x.Shape.Rank || pieces < 1 || x.Shape[along] == Shape.Unknown || x.Shape[along] % pieces != 0)
            throw new ShapeException($"Maxout({x}): dimension {axis} is known and a multiple of {pieces} pieces.");
        return x.Reshape(x.Shape[..along].Append(x.Shape[along] / pieces, pieces).Append(x.Shape.Dimensions[(along + 1)..])).Max([along + 1]);
    }

    private static Value Gated(Value x, int axis, Func<Value, Value> activation)
    {
        var halves = x.Split(2, axis);
        return halves[0] * activation(halves[1]);
    }
}
