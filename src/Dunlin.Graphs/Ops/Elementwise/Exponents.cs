namespace Dunlin.Graphs.Ops;

/// <summary>x · 2ᵉ, exactly but for overflow and underflow, of floating-point x and Int32 e.</summary>
/// <remarks>Gradient: dy · 2ᵉ; none for e.</remarks>
public sealed record Ldexp : Elementwise
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type.IsFloat() && inputs[1].Type == DType.Int32 ? inputs[0].Type : throw Mismatch(inputs, "takes floating-point x and Int32 exponents.");
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : inputs[0] switch
    {
        DType.Float64 => new ScaleTile<double>(),
        DType.Float32 => new ScaleTile<float>(),
        _ => new WidenedTile(new ScaleTile<float>(), inputs, inputs[0]),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Ldexp(node.Inputs[1]).ReduceToLike(node.Inputs[0]), null];

    private sealed unsafe class ScaleTile<T> : TileFunction where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        public override void Run(nint* operands, int count)
        {
            T* x = (T*)operands[0], y = (T*)operands[2];
            var e = (int*)operands[1];
            for (var i = 0; i < count; i++) y[i] = T.ScaleB(x[i], e[i]);
        }
    }
}

/// <summary>The Int32 e with x = m · 2ᵉ and ½ ≤ |m| &lt; 1; 0 of 0, NaN and the infinities.</summary>
public sealed record BinaryExponent : Elementwise
{
    private static readonly UnaryTile<float, int> Single = new(static (x, y) =>
    {
        for (var i = 0; i < x.Length; i++) y[i] = x[i] == 0 || !float.IsFinite(x[i]) ? 0 : MathF.ILogB(x[i]) + 1;
    });

    private static readonly UnaryTile<double, int> Double = new(static (x, y) =>
    {
        for (var i = 0; i < x.Length; i++) y[i] = x[i] == 0 || !double.IsFinite(x[i]) ? 0 : Math.ILogB(x[i]) + 1;
    });

    /// <inheritdoc/>
    public override string? NoGradientReason => "It is constant almost everywhere.";

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type.IsFloat() ? DType.Int32 : throw Mismatch(inputs, "takes floating-point numbers.");
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar[0] ? null : inputs[0] switch
    {
        DType.Float64 => Double,
        DType.Float32 => Single,
        _ => new WidenedTile(Single, inputs, DType.Int32),
    };
}

/// <summary>Exponents of the binary representation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Ldexp"/>
    public static Value Ldexp(this Value x, Value exponent) => x.Graph.Add(new Ldexp(), [x, exponent]);

    /// <summary>x = mantissa · 2ᵉ with ½ ≤ |mantissa| &lt; 1 and Int32 e; x itself and 0 of 0, NaN and the infinities.</summary>
    public static (Value Mantissa, Value Exponent) Frexp(this Value x)
    {
        var exponent = x.Graph.Add(new BinaryExponent(), [x]);
        return (x.Ldexp(-exponent), exponent);
    }
}
