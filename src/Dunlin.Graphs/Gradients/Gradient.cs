using System.Diagnostics.CodeAnalysis;

namespace Dunlin.Graphs;

/// <summary>The derivative of a scalar with respect to a value: dense, or for a table of which few rows were read, only those rows.</summary>
public sealed class Gradient
{
    private Gradient(Value values, Value? indices, Value? like) => (Values, Indices, Like) = (values, indices, like);

    /// <summary>The whole gradient, or where <see cref="IsSparse"/> its rows [n, d…].</summary>
    public Value Values { get; }

    /// <summary>The row numbers [n] (Int32 or Int64), in which a number may occur again: its rows then add up. Null where dense.</summary>
    public Value? Indices { get; }

    /// <summary>Where sparse, the table that the rows belong to.</summary>
    public Value? Like { get; }

    /// <summary>Whether only some rows are there.</summary>
    public bool IsSparse => Indices is not null;

    /// <summary>The rows of a table's gradient that are not zero.</summary>
    public static Gradient Sparse(Value indices, Value rows, Value table) => new(rows, indices, table);

    /// <summary>A dense gradient.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public static implicit operator Gradient?(Value? value) => value is null ? null : new(value, null, null);

    /// <summary>The gradient as one tensor in the shape of the value it belongs to.</summary>
    public Value Dense() => Indices is null ? Values : Ops.Operations.ScatterAdd(Ops.Operations.ZerosLike(Like!), Indices, Values);
}
