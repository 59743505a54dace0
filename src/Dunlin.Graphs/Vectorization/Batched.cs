namespace Dunlin.Graphs;

/// <summary>A value for many examples.</summary>
/// <param name="Value">With a first dimension for the examples, or the same for all.</param>
/// <param name="IsBatched">Whether it has that dimension.</param>
public readonly record struct Batched(Value Value, bool IsBatched);
