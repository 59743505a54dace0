using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>A function of one floating-point number that has constants of its own. 16-bit floats are computed in Float32.</summary>
public abstract record Parametric : Elementwise
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type.IsFloat() ? inputs[0].Type : throw Mismatch(inputs, "takes floating-point numbers.");
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => inputs[0] switch
    {
        DType.Float64 => new UnaryTile<double, double>(Map),
        DType.Float32 => new UnaryTile<float, float>(Map),
        _ => new WidenedTile(new UnaryTile<float, float>(Map), inputs, inputs[0]),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? Differentiate(node, [tangent])[0]?.Dense() : null];

    /// <summary>y[i] = f(x[i]).</summary>
    private protected abstract void Map<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>Exponential linear unit (Clevert et al., 2015): x for x > 0, else α · (eˣ − 1).</summary>
/// <remarks>Gradient: dy, else dy · (y + α).</remarks>
internal sealed record Elu(double Alpha) : Parametric
{
    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0] > 0, outputGradients[0]!, outputGradients[0]! * (node.Outputs[0] + Alpha))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y) => ElementaryMaps.Elu(x, T.One, T.CreateChecked(Alpha), y);
}

/// <summary>x for x > 0, else slope · x.</summary>
/// <remarks>Gradient: dy, else slope · dy.</remarks>
internal sealed record LeakyRelu(double Slope) : Parametric
{
    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select(node.Inputs[0] > 0, outputGradients[0]!, outputGradients[0]! * Slope)];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y)
    {
        var slope = new Vector<T>(T.CreateChecked(Slope));
        var i = 0;
        for (; i <= x.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var v = new Vector<T>(x[i..]);
            Vector.ConditionalSelect(Vector.GreaterThan(v, Vector<T>.Zero), v, v * slope).CopyTo(y[i..]);
        }
        for (; i < x.Length; i++) y[i] = x[i] > T.Zero ? x[i] : x[i] * slope[0];
    }
}

/// <summary>The nearest number to x from low to high; NaN stays.</summary>
/// <remarks>Gradient: dy where low ≤ x ≤ high, else 0.</remarks>
public sealed record Clip(double Low, double High) : Parametric
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) =>
        Low <= High ? base.ResultType(inputs) : throw Mismatch(inputs, $"the lower bound {Low} is not above the upper bound {High}.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Select((node.Inputs[0] >= Low) & (node.Inputs[0] <= High), outputGradients[0]!, outputGradients[0]!.Number(0))];

    private protected override void Map<T>(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Clamp(x, T.CreateChecked(Low), T.CreateChecked(High), y);
}

/// <summary>Functions with constants.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Elu"/>
    public static Value Elu(this Value x, double alpha = 1) => x.Graph.Add(new Elu(alpha), [x]);

    /// <inheritdoc cref="Ops.LeakyRelu"/>
    public static Value LeakyRelu(this Value x, double slope = 0.01) => x.Graph.Add(new LeakyRelu(slope), [x]);

    /// <inheritdoc cref="Ops.Clip"/>
    public static Value Clip(this Value x, double low, double high) => x.Graph.Add(new Clip(low, high), [x]);
}
