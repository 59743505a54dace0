using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>Comparisons of two numbers of one type, giving Bool. Comparisons with NaN are false, but for <see cref="NotEqual"/>.</summary>
public sealed record Comparison : Elementwise
{
    private readonly Func<DType, TileFunction> _tile;

    private Comparison(string name, Func<DType, TileFunction> tile) => (Name, _tile) = (name, tile);

    /// <summary>a &gt; b.</summary>
    public static readonly Comparison Greater = new("Greater", Tiles<GreaterTest>);

    /// <summary>a ≥ b.</summary>
    public static readonly Comparison GreaterOrEqual = new("GreaterOrEqual", Tiles<GreaterOrEqualTest>);

    /// <summary>a &lt; b.</summary>
    public static readonly Comparison Less = new("Less", Tiles<LessTest>);

    /// <summary>a ≤ b.</summary>
    public static readonly Comparison LessOrEqual = new("LessOrEqual", Tiles<LessOrEqualTest>);

    /// <summary>a = b.</summary>
    public static readonly Comparison Equal = new("Equal", Tiles<EqualTest>);

    /// <summary>a ≠ b.</summary>
    public static readonly Comparison NotEqual = new("NotEqual", Tiles<NotEqualTest>);

    /// <summary>Every member of the table.</summary>
    internal static IReadOnlyList<Comparison> All => [Greater, GreaterOrEqual, Less, LessOrEqual, Equal, NotEqual];

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason => "A comparison is constant almost everywhere.";

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        SameType(inputs, 2);
        return DType.Bool;
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : _tile(inputs[0]);

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Comparison? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private static TileFunction Tiles<TTest>(DType type) where TTest : ITest => type switch
    {
        DType.Float32 => Tile<TTest, float>(),
        DType.Float64 => Tile<TTest, double>(),
        DType.Int64 => Tile<TTest, long>(),
        DType.Int32 => Tile<TTest, int>(),
        DType.UInt8 or DType.Bool => Tile<TTest, byte>(),
        _ => new WidenedTile(Tile<TTest, float>(), [type, type], DType.Bool),
    };

    private static BinaryTile<T, bool> Tile<TTest, T>() where TTest : ITest where T : unmanaged, INumber<T> => new(static (a, b, y) =>
    {
        for (var i = 0; i < y.Length; i++) y[i] = TTest.Holds(a[i], b[i]);
    });

    private interface ITest
    {
        static abstract bool Holds<T>(T a, T b) where T : INumber<T>;
    }

    private readonly struct GreaterTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a > b;
    }

    private readonly struct GreaterOrEqualTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a >= b;
    }

    private readonly struct LessTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a < b;
    }

    private readonly struct LessOrEqualTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a <= b;
    }

    private readonly struct EqualTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a == b;
    }

    private readonly struct NotEqualTest : ITest
    {
        public static bool Holds<T>(T a, T b) where T : INumber<T> => a != b;
    }
}

/// <summary>Comparisons that C# has no operator for on values.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Comparison.Equal"/>
    public static Value EqualTo(this Value a, Value b) => a.Graph.Add(Comparison.Equal, [a, b]);

    /// <inheritdoc cref="Comparison.NotEqual"/>
    public static Value NotEqualTo(this Value a, Value b) => a.Graph.Add(Comparison.NotEqual, [a, b]);
}
