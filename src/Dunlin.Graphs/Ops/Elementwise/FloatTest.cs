using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>Tests of one floating-point number, giving Bool: a table with a line for each.</summary>
public sealed record FloatTest : Elementwise
{
    private readonly TileFunction _f32;
    private readonly TileFunction _f64;

    private FloatTest(string name, UnaryTile<float, bool>.Map f32, UnaryTile<double, bool>.Map f64) =>
        (Name, _f32, _f64) = (name, new UnaryTile<float, bool>(f32), new UnaryTile<double, bool>(f64));

    /// <summary>Whether x is not a number.</summary>
    public static readonly FloatTest IsNaN = new("IsNaN", Map<float, NaN>, Map<double, NaN>);

    /// <summary>Whether x is ∞ or −∞.</summary>
    public static readonly FloatTest IsInfinity = new("IsInfinity", Map<float, Infinity>, Map<double, Infinity>);

    /// <summary>Whether x is neither NaN nor ±∞.</summary>
    public static readonly FloatTest IsFinite = new("IsFinite", Map<float, Finite>, Map<double, Finite>);

    /// <summary>Every member of the table.</summary>
    internal static IReadOnlyList<FloatTest> All => [IsNaN, IsInfinity, IsFinite];

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason => "A test is constant almost everywhere.";

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type.IsFloat() ? DType.Bool : throw Mismatch(inputs, "tests floating-point numbers; integers are always finite.");
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar[0] ? null : inputs[0] switch
    {
        DType.Float64 => _f64,
        DType.Float32 => _f32,
        _ => new WidenedTile(_f32, inputs, DType.Bool),
    };

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(FloatTest? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private static void Map<T, TTest>(ReadOnlySpan<T> x, Span<bool> y) where T : IFloatingPointIeee754<T> where TTest : ITest
    {
        for (var i = 0; i < x.Length; i++) y[i] = TTest.Holds(x[i]);
    }

    private interface ITest
    {
        static abstract bool Holds<T>(T x) where T : IFloatingPointIeee754<T>;
    }

    private readonly struct NaN : ITest
    {
        public static bool Holds<T>(T x) where T : IFloatingPointIeee754<T> => T.IsNaN(x);
    }

    private readonly struct Infinity : ITest
    {
        public static bool Holds<T>(T x) where T : IFloatingPointIeee754<T> => T.IsInfinity(x);
    }

    private readonly struct Finite : ITest
    {
        public static bool Holds<T>(T x) where T : IFloatingPointIeee754<T> => T.IsFinite(x);
    }
}

/// <summary>Tests of numbers.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="FloatTest.IsNaN"/>
    public static Value IsNaN(this Value x) => x.Graph.Add(FloatTest.IsNaN, [x]);

    /// <inheritdoc cref="FloatTest.IsInfinity"/>
    public static Value IsInfinity(this Value x) => x.Graph.Add(FloatTest.IsInfinity, [x]);

    /// <inheritdoc cref="FloatTest.IsFinite"/>
    public static Value IsFinite(this Value x) => x.Graph.Add(FloatTest.IsFinite, [x]);
}
