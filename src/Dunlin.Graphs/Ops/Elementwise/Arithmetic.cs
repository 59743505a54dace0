using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Binary
{
    /// <summary>a + b; integers wrap around. Gradients: dy for both.</summary>
    public static readonly Binary Add = new("Add",
        new(TensorPrimitives.Add, TensorPrimitives.Add, TensorPrimitives.Add),
        new(TensorPrimitives.Add, TensorPrimitives.Add, TensorPrimitives.Add),
        (a, b, y, dy) => (dy, dy),
        new(TensorPrimitives.Add, TensorPrimitives.Add, TensorPrimitives.Add),
        new(TensorPrimitives.Add, TensorPrimitives.Add, TensorPrimitives.Add),
        u8: new(TensorPrimitives.Add, TensorPrimitives.Add, TensorPrimitives.Add));

    /// <summary>a − b; integers wrap around. Gradients: dy and −dy.</summary>
    public static readonly Binary Subtract = new("Subtract",
        new(TensorPrimitives.Subtract, TensorPrimitives.Subtract, Reversed<float>.Subtract),
        new(TensorPrimitives.Subtract, TensorPrimitives.Subtract, Reversed<double>.Subtract),
        (a, b, y, dy) => (dy, -dy),
        new(TensorPrimitives.Subtract, TensorPrimitives.Subtract, Reversed<int>.Subtract),
        new(TensorPrimitives.Subtract, TensorPrimitives.Subtract, Reversed<long>.Subtract),
        u8: new(TensorPrimitives.Subtract, TensorPrimitives.Subtract, Reversed<byte>.Subtract));

    /// <summary>a · b; integers wrap around. Gradients: dy · b and dy · a.</summary>
    public static readonly Binary Multiply = new("Multiply",
        new(TensorPrimitives.Multiply, TensorPrimitives.Multiply, TensorPrimitives.Multiply),
        new(TensorPrimitives.Multiply, TensorPrimitives.Multiply, TensorPrimitives.Multiply),
        (a, b, y, dy) => (dy * b, dy * a),
        new(TensorPrimitives.Multiply, TensorPrimitives.Multiply, TensorPrimitives.Multiply),
        new(TensorPrimitives.Multiply, TensorPrimitives.Multiply, TensorPrimitives.Multiply),
        u8: new(TensorPrimitives.Multiply, TensorPrimitives.Multiply, TensorPrimitives.Multiply));

    /// <summary>a / b. Gradients: dy / b and −dy · y / b.</summary>
    public static readonly Binary Divide = new("Divide",
        new(TensorPrimitives.Divide, TensorPrimitives.Divide, Reversed<float>.Divide),
        new(TensorPrimitives.Divide, TensorPrimitives.Divide, Reversed<double>.Divide),
        (a, b, y, dy) => (dy / b, -dy * y / b));

    /// <summary>max(a, b); NaN if either is. Gradients: dy for the larger, half of it for each of equals.</summary>
    public static readonly Binary Maximum = new("Maximum",
        new(TensorPrimitives.Max, TensorPrimitives.Max, TensorPrimitives.Max),
        new(TensorPrimitives.Max, TensorPrimitives.Max, TensorPrimitives.Max),
        (a, b, y, dy) => Share(a, b, a > b, dy),
        new(TensorPrimitives.Max, TensorPrimitives.Max, TensorPrimitives.Max),
        new(TensorPrimitives.Max, TensorPrimitives.Max, TensorPrimitives.Max),
        u8: new(TensorPrimitives.Max, TensorPrimitives.Max, TensorPrimitives.Max));

    /// <summary>min(a, b); NaN if either is. Gradients: dy for the smaller, half of it for each of equals.</summary>
    public static readonly Binary Minimum = new("Minimum",
        new(TensorPrimitives.Min, TensorPrimitives.Min, TensorPrimitives.Min),
        new(TensorPrimitives.Min, TensorPrimitives.Min, TensorPrimitives.Min),
        (a, b, y, dy) => Share(a, b, a < b, dy),
        new(TensorPrimitives.Min, TensorPrimitives.Min, TensorPrimitives.Min),
        new(TensorPrimitives.Min, TensorPrimitives.Min, TensorPrimitives.Min),
        u8: new(TensorPrimitives.Min, TensorPrimitives.Min, TensorPrimitives.Min));

    /// <summary>b where a > 0, else 0: what the rectifier hands back, a its output and b what it is given. Gradients: none for a, dy where a > 0 for b.</summary>
    public static readonly Binary RectifierGradient = new("RectifierGradient", Rectify<float>.Gradient, Rectify<double>.Gradient,
        (a, b, y, dy) => (null, RectifierGradientOf(a, dy)), half: HalfRectifier.Gradient);

    internal static Value RectifierGradientOf(Value y, Value dy) => y.Graph.Add(RectifierGradient, [y, dy]);

    private static (Value, Value) Share(Value a, Value b, Value wins, Value dy)
    {
        var half = Operations.Select(a.EqualTo(b), dy * 0.5, dy.ZerosLike());
        return (Operations.Select(wins, dy, half), Operations.Select(wins | a.EqualTo(b), dy.ZerosLike(), dy) + half);
    }

    /// <summary>Operations whose first operand is a number, in the argument order of <see cref="ScalarMap{T}"/>.</summary>
    private static class Reversed<T> where T : unmanaged, INumber<T>
    {
        public static readonly ScalarMap<T> Subtract = (a, b, y) => TensorPrimitives.Subtract(b, a, y);
        public static readonly ScalarMap<T> Divide = (a, b, y) => TensorPrimitives.Divide(b, a, y);
    }

    private static class Rectify<T> where T : unmanaged, INumber<T>
    {
        public static readonly BinaryMap<T> Gradient = static (a, b, y) =>
        {
            var i = 0;
            for (; i <= y.Length - Vector<T>.Count; i += Vector<T>.Count)
                Vector.ConditionalSelect(Vector.GreaterThan(new Vector<T>(a[i..]), Vector<T>.Zero), new Vector<T>(b[i..]), Vector<T>.Zero).CopyTo(y[i..]);
            for (; i < y.Length; i++) y[i] = a[i] > T.Zero ? b[i] : T.Zero;
        };
    }
}

public sealed partial record Unary
{
    /// <summary>−x. Gradient: −dy.</summary>
    public static readonly Unary Negate = new("Negate", TensorPrimitives.Negate, TensorPrimitives.Negate, (x, y, dy) => -dy, TensorPrimitives.Negate, TensorPrimitives.Negate);

    /// <summary>max(x, 0). Gradient: dy where y > 0, else 0.</summary>
    public static readonly Unary Relu = new("Relu", static (x, y) => TensorPrimitives.Max(x, 0f, y), static (x, y) => TensorPrimitives.Max(x, 0.0, y),
        (x, y, dy) => Binary.RectifierGradientOf(y, dy), half: HalfRectifier.Forward);

    /// <summary>eˣ. Gradient: dy · y.</summary>
    public static readonly Unary Exp = new("Exp", TensorPrimitives.Exp, TensorPrimitives.Exp, (x, y, dy) => dy * y);

    /// <summary>Natural logarithm. Gradient: dy / x.</summary>
    public static readonly Unary Log = new("Log", TensorPrimitives.Log, TensorPrimitives.Log, (x, y, dy) => dy / x);

    /// <summary>√x. Gradient: dy / (2 · y).</summary>
    public static readonly Unary Sqrt = new("Sqrt", TensorPrimitives.Sqrt, TensorPrimitives.Sqrt, (x, y, dy) => dy * 0.5 / y);

    /// <summary>x². Gradient: 2 · x · dy.</summary>
    public static readonly Unary Square = new("Square", static (x, y) => TensorPrimitives.Multiply(x, x, y), static (x, y) => TensorPrimitives.Multiply(x, x, y),
        (x, y, dy) => dy * 2 * x, static (x, y) => TensorPrimitives.Multiply(x, x, y), static (x, y) => TensorPrimitives.Multiply(x, x, y), u8: static (x, y) => TensorPrimitives.Multiply(x, x, y));

    /// <summary>Hyperbolic tangent. Gradient: dy · (1 − y²).</summary>
    public static readonly Unary Tanh = new("Tanh", TensorPrimitives.Tanh, TensorPrimitives.Tanh, (x, y, dy) => dy * (1 - y.Square()));

    /// <summary>1 / (1 + e⁻ˣ). Gradient: dy · y · (1 − y).</summary>
    public static readonly Unary Sigmoid = new("Sigmoid", TensorPrimitives.Sigmoid, TensorPrimitives.Sigmoid, (x, y, dy) => dy * y * (1 - y));
}

/// <summary>Arithmetic.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Relu"/>
    public static Value Relu(this Value x) => x.Graph.Add(Unary.Relu, [x]);

    /// <inheritdoc cref="Unary.Exp"/>
    public static Value Exp(this Value x) => x.Graph.Add(Unary.Exp, [x]);

    /// <inheritdoc cref="Unary.Log"/>
    public static Value Log(this Value x) => x.Graph.Add(Unary.Log, [x]);

    /// <inheritdoc cref="Unary.Sqrt"/>
    public static Value Sqrt(this Value x) => x.Graph.Add(Unary.Sqrt, [x]);

    /// <inheritdoc cref="Unary.Square"/>
    public static Value Square(this Value x) => x.Graph.Add(Unary.Square, [x]);

    /// <inheritdoc cref="Unary.Tanh"/>
    public static Value Tanh(this Value x) => x.Graph.Add(Unary.Tanh, [x]);

    /// <inheritdoc cref="Unary.Sigmoid"/>
    public static Value Sigmoid(this Value x) => x.Graph.Add(Unary.Sigmoid, [x]);

    /// <inheritdoc cref="Binary.Maximum"/>
    public static Value Maximum(this Value a, Value b) => a.Graph.Add(Binary.Maximum, [a, b]);

    /// <inheritdoc cref="Binary.Minimum"/>
    public static Value Minimum(this Value a, Value b) => a.Graph.Add(Binary.Minimum, [a, b]);

    /// <summary>A number of the value's element type, in its graph.</summary>
    public static Value Number(this Value like, double value) => like.Graph.Constant(value, like.Type);
}
