namespace Dunlin.Graphs.Ops;

/// <summary>Reads index tuples [n…, k], which name cells of a tensor by their places in its first k dimensions, and checks each index.</summary>
/// <param name="operation">Who reads, for the error.</param>
/// <param name="indices">Int32 or Int64.</param>
/// <param name="shape">The shape of the tensor.</param>
internal sealed unsafe class IndexTuples(string operation, TensorType indices, Shape shape)
{
    private readonly int _depth = indices.Shape[^1];

    /// <summary>How many tuples there are.</summary>
    public long Count { get; } = indices.Shape[..^1].ElementCount;

    /// <summary>How many cells there are.</summary>
    public long Cells { get; } = shape[..indices.Shape[^1]].ElementCount;

    /// <summary>Elements of a cell.</summary>
    public int CellLength { get; } = checked((int)shape[indices.Shape[^1]..].ElementCount);

    /// <summary>The number of the cell that a tuple names, in row-major order.</summary>
    /// <exception cref="DunlinException">An index lies outside its dimension.</exception>
    public long Cell(nint address, long position)
    {
        var cell = 0L;
        for (var d = 0; d < _depth; d++)
        {
            var at = position * _depth + d;
            var index = indices.Type == DType.Int32 ? ((int*)address)[at] : ((long*)address)[at];
            if ((ulong)index >= (ulong)shape[d])
                throw new DunlinException($"{operation}: the index {index} at position {position}, for dimension {d}, is not within 0 to {shape[d] - 1}.");
            cell = cell * shape[d] + index;
        }
        return cell;
    }

    /// <summary>What is wrong with the type of the tuples for a tensor of the given shape; null where nothing is.</summary>
    public static string? Problem(TensorType indices, Shape shape) =>
        indices.Type is not (DType.Int32 or DType.Int64) ? "the second input, the indices, is Int32 or Int64."
        : indices.Shape.Rank == 0 || indices.Shape[^1] == Shape.Unknown ? "the second input, the indices, has a last dimension of known length: an index tuple."
        : indices.Shape[^1] < 1 || indices.Shape[^1] > shape.Rank ? $"an index tuple has 1 to {shape.Rank} indices, not {indices.Shape[^1]}."
        : null;
}
