using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    private const string Steps = "It is constant almost everywhere.";

    /// <summary>|x|. Gradient: dy · sign(x).</summary>
    public static readonly Unary Abs = new("Abs", TensorPrimitives.Abs, TensorPrimitives.Abs, (x, y, dy) => dy * x.Sign(), TensorPrimitives.Abs, TensorPrimitives.Abs);

    /// <summary>−1, 0 or 1 as x is less than, equal to or greater than 0; NaN of NaN.</summary>
    public static readonly Unary Sign = new("Sign", SignOf, SignOf, null, SignOf, SignOf, Steps);

    /// <summary>The largest integer not greater than x.</summary>
    public static readonly Unary Floor = new("Floor", TensorPrimitives.Floor, TensorPrimitives.Floor, null, noGradient: Steps);

    /// <summary>The smallest integer not less than x.</summary>
    public static readonly Unary Ceiling = new("Ceiling", TensorPrimitives.Ceiling, TensorPrimitives.Ceiling, null, noGradient: Steps);

    /// <summary>The nearest integer; of two equally near, the even one.</summary>
    public static readonly Unary Round = new("Round", TensorPrimitives.Round, TensorPrimitives.Round, null, noGradient: Steps);

    /// <summary>x without its fraction.</summary>
    public static readonly Unary Truncate = new("Truncate", TensorPrimitives.Truncate, TensorPrimitives.Truncate, null, noGradient: Steps);

    private static void SignOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, INumber<T>
    {
        for (var i = 0; i < x.Length; i++) y[i] = x[i] > T.Zero ? T.One : x[i] < T.Zero ? -T.One : x[i];
    }
}

/// <summary>Rounding.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Abs"/>
    public static Value Abs(this Value x) => x.Graph.Add(Unary.Abs, [x]);

    /// <inheritdoc cref="Unary.Sign"/>
    public static Value Sign(this Value x) => x.Graph.Add(Unary.Sign, [x]);

    /// <inheritdoc cref="Unary.Floor"/>
    public static Value Floor(this Value x) => x.Graph.Add(Unary.Floor, [x]);

    /// <inheritdoc cref="Unary.Ceiling"/>
    public static Value Ceiling(this Value x) => x.Graph.Add(Unary.Ceiling, [x]);

    /// <inheritdoc cref="Unary.Round"/>
    public static Value Round(this Value x) => x.Graph.Add(Unary.Round, [x]);

    /// <inheritdoc cref="Unary.Truncate"/>
    public static Value Truncate(this Value x) => x.Graph.Add(Unary.Truncate, [x]);
}
