using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>Functions of the bits of integers (Int32, Int64, UInt8), both of one type.</summary>
public sealed record Bitwise : Elementwise
{
    private readonly int _arity;
    private readonly Func<DType, TileFunction> _tile;

    private Bitwise(string name, int arity, Func<DType, TileFunction> tile) => (Name, _arity, _tile) = (name, arity, tile);

    /// <summary>Each bit that both have.</summary>
    public static readonly Bitwise And = new("BitwiseAnd", 2, Tiles<AndFunction>);

    /// <summary>Each bit that at least one has.</summary>
    public static readonly Bitwise Or = new("BitwiseOr", 2, Tiles<OrFunction>);

    /// <summary>Each bit that exactly one has.</summary>
    public static readonly Bitwise Xor = new("BitwiseXor", 2, Tiles<XorFunction>);

    /// <summary>Each bit that it lacks.</summary>
    public static readonly Bitwise Not = new("BitwiseNot", 1, Tiles<NotFunction>);

    /// <summary>The bits b places up, zeros after them; 0 for b of the type's width or more. A negative b is an error when it runs.</summary>
    public static readonly Bitwise ShiftLeft = new("ShiftLeft", 2, Tiles<LeftFunction>);

    /// <summary>The bits b places down, the sign after them (⌊a / 2ᵇ⌋); 0 or −1 for b of the type's width or more. A negative b is an error when it runs.</summary>
    public static readonly Bitwise ShiftRight = new("ShiftRight", 2, Tiles<RightFunction>);

    /// <summary>How many bits are set, in the same type.</summary>
    public static readonly Bitwise PopCount = new("PopCount", 1, Tiles<CountFunction>);

    /// <summary>Every member of the table.</summary>
    internal static IReadOnlyList<Bitwise> All => [And, Or, Xor, Not, ShiftLeft, ShiftRight, PopCount];

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason => "Integers have no gradient.";

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => SameType(inputs, _arity) is DType.Int32 or DType.Int64 or DType.UInt8
        ? inputs[0].Type
        : throw Mismatch(inputs, "takes Int32, Int64 or UInt8.");

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : _tile(inputs[0]);

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Bitwise? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private static TileFunction Tiles<TFunction>(DType type) where TFunction : IFunction => type switch
    {
        DType.Int32 => TFunction.Tile<int>(),
        DType.Int64 => TFunction.Tile<long>(),
        _ => TFunction.Tile<byte>(),
    };

    private static int Places<T>(T b) where T : IBinaryInteger<T> => T.IsNegative(b)
        ? throw new DunlinException($"A shift by {b} places: the number is at least 0.")
        : int.CreateSaturating(b);

    private interface IFunction
    {
        static abstract TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct AndFunction : IFunction
    {
        public static TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new BinaryTile<T, T>(TensorPrimitives.BitwiseAnd);
    }

    private readonly struct OrFunction : IFunction
    {
        public static TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new BinaryTile<T, T>(TensorPrimitives.BitwiseOr);
    }

    private readonly struct XorFunction : IFunction
    {
        public static TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new BinaryTile<T, T>(TensorPrimitives.Xor);
    }

    private readonly struct NotFunction : IFunction
    {
        public static TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new UnaryTile<T, T>(TensorPrimitives.OnesComplement);
    }

    private readonly struct CountFunction : IFunction
    {
        public static TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new UnaryTile<T, T>(TensorPrimitives.PopCount);
    }

    private readonly struct LeftFunction : IFunction
    {
        public static unsafe TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new BinaryTile<T, T>(static (a, b, y) =>
        {
            for (var i = 0; i < y.Length; i++) y[i] = Places(b[i]) is var places && places < 8 * sizeof(T) ? a[i] << places : T.Zero;
        });
    }

    private readonly struct RightFunction : IFunction
    {
        public static unsafe TileFunction Tile<T>() where T : unmanaged, IBinaryInteger<T> => new BinaryTile<T, T>(static (a, b, y) =>
        {
            for (var i = 0; i < y.Length; i++) y[i] = a[i] >> Math.Min(Places(b[i]), 8 * sizeof(T) - 1) >> (Places(b[i]) >= 8 * sizeof(T) ? 1 : 0);
        });
    }
}

/// <summary>Bits of integers. The operators &amp;, |, ^, ~, &lt;&lt; and &gt;&gt; are the same.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Bitwise.And"/>
    public static Value BitwiseAnd(this Value a, Value b) => a.Graph.Add(Bitwise.And, [a, b]);

    /// <inheritdoc cref="Bitwise.Or"/>
    public static Value BitwiseOr(this Value a, Value b) => a.Graph.Add(Bitwise.Or, [a, b]);

    /// <inheritdoc cref="Bitwise.Xor"/>
    public static Value BitwiseXor(this Value a, Value b) => a.Graph.Add(Bitwise.Xor, [a, b]);

    /// <inheritdoc cref="Bitwise.Not"/>
    public static Value BitwiseNot(this Value x) => x.Graph.Add(Bitwise.Not, [x]);

    /// <inheritdoc cref="Bitwise.ShiftLeft"/>
    public static Value ShiftLeft(this Value a, Value b) => a.Graph.Add(Bitwise.ShiftLeft, [a, b]);

    /// <inheritdoc cref="Bitwise.ShiftRight"/>
    public static Value ShiftRight(this Value a, Value b) => a.Graph.Add(Bitwise.ShiftRight, [a, b]);

    /// <inheritdoc cref="Bitwise.PopCount"/>
    public static Value PopCount(this Value x) => x.Graph.Add(Bitwise.PopCount, [x]);
}
