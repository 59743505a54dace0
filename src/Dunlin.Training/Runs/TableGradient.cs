using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// A sparse gradient in the shape of its table, where it is added to others element by element. Which rows were named goes with it: to an optimiser a row of zeros is one that moves, by
/// its momentum, and a row that nobody has named is none.
/// </summary>
/// <param name="Sums">The rows in their places, those of equal number summed, and zeros elsewhere.</param>
/// <param name="Named">For each row of the table, Float32 [R], how many have named it: in one gradient 1 or 0, and added as <paramref name="Sums"/> are.</param>
/// <param name="Table">The table.</param>
public sealed record TableGradient(Value Sums, Value Named, Value Table)
{
    /// <summary>Spreads a sparse gradient. A worker without examples names no row.</summary>
    /// <param name="gradient">Sparse; rows with the number −1 name none.</param>
    /// <param name="share">What it is computed from.</param>
    public static TableGradient Of(Gradient gradient, WorkerShare share)
    {
        var (numbers, rows) = share.RowsOf(gradient);
        var nobody = rows.Graph.Constant(0, DType.Float32).BroadcastTo(gradient.Like!.Shape[..1]);
        return new(Operations.PutRows(gradient.Like.ZerosLike(), numbers, rows), Operations.PutRows(nobody, numbers, numbers.OnesLike().Cast(DType.Float32)), gradient.Like);
    }

    /// <summary>The sparse gradient again: all rows, of which only those have a number that were named, or whose sum is not zero (what was kept of earlier gradients).</summary>
    public Gradient ToSparse()
    {
        int[] elements = [.. Enumerable.Range(1, Sums.Shape.Rank - 1)];
        var isNamed = (Named > 0) | (elements.Length == 0 ? Sums.NotEqualTo(Sums.Number(0)) : Sums.NotEqualTo(Sums.Number(0)).Any(elements));
        var numbers = Sums.Graph.Range(0, Table.Shape[0]);
        return Gradient.Sparse(Operations.Select(isNamed, numbers, numbers.Number(-1)), Sums, Table);
    }
}
