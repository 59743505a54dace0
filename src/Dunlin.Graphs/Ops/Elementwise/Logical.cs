using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>Functions of truth values.</summary>
public sealed record Logical : Elementwise
{
    private readonly int _arity;
    private readonly TileFunction _tile;

    private Logical(string name, int arity, TileFunction tile) => (Name, _arity, _tile) = (name, arity, tile);

    /// <summary>Both.</summary>
    public static readonly Logical And = new("And", 2, new BinaryTile<byte, byte>(TensorPrimitives.BitwiseAnd));

    /// <summary>At least one.</summary>
    public static readonly Logical Or = new("Or", 2, new BinaryTile<byte, byte>(TensorPrimitives.BitwiseOr));

    /// <summary>Exactly one.</summary>
    public static readonly Logical Xor = new("Xor", 2, new BinaryTile<byte, byte>(TensorPrimitives.Xor));

    /// <summary>The opposite.</summary>
    public static readonly Logical Not = new("Not", 1, new UnaryTile<byte, byte>(static (x, y) => TensorPrimitives.Xor(x, (byte)1, y)));

    /// <summary>Every member of the table.</summary>
    internal static IReadOnlyList<Logical> All => [And, Or, Xor, Not];

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason => "Truth values have no gradient.";

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs) => SameType(inputs, _arity) == DType.Bool
        ? DType.Bool
        : throw Mismatch(inputs, "takes Bool; compare numbers first.");

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : _tile;

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Logical? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}
