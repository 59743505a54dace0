namespace Dunlin.Graphs.Ops;

/// <summary>
/// What a body is given in place of examples that do not take part in it: the values of the first example that does. What it computes of them
/// is sound and is dropped, so that a body never sees values that it was not meant for; chosen among afterwards, infinite values or NaN would spoil
/// gradients, as 0 · ∞ is NaN. At least one example has to take part.
/// </summary>
/// <param name="active">Bool [N]: who takes part.</param>
internal sealed class StandIns(Value active)
{
    private readonly Value _first = active.Cast(DType.Int32).ArgMax(0);

    /// <summary>Whether there can be a stand-in: lists have none.</summary>
    public static bool Exist(IEnumerable<Batched> values) => values.All(v => !v.IsBatched || v.Value.Type != DType.List);

    /// <summary>A value of all examples, where those that do not take part have that of the stand-in.</summary>
    public Batched For(Batched v) => v.IsBatched ? v with { Value = Choose(v.Value, v.Value.Gather(_first).ExpandDims(0)) } : v;

    /// <summary>One value for the examples that take part, another for the others.</summary>
    public Value Choose(Value taking, Value others) => Operations.Select(Batching.Aligned(new(active, true), taking.Shape.Rank - 1), taking, others);
}
