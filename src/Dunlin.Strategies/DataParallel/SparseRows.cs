using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>Sparse gradients that stay sparse on their way between workers.</summary>
internal static class SparseRows
{
    /// <summary>
    /// How many rows the workers together have at most; null where the gradient had better travel in its table's shape: it is dense already, the rows are not fewer than the table's, or
    /// their number depends on elements, so that nobody knows beforehand how much room they take.
    /// </summary>
    public static int? Capacity(Gradient gradient, WorkerShare share, int workers)
    {
        if (gradient.Indices is not { } indices || gradient.Like!.Shape[0] is var table && table == Shape.Unknown) return null;
        var rows = share.LargestType(indices).Shape[0];
        return rows != Shape.Unknown && (long)rows * workers < table ? rows * workers : null;
    }

    /// <summary>The rows of all workers, in their order, each worker's once.</summary>
    public static Gradient Gather(Gradient gradient, WorkerShare share, string axis, int capacity)
    {
        var (own, sums) = share.RowsOf(gradient);
        var (all, rows) = Operations.AllGatherRows(own, sums, axis, capacity);
        return Gradient.Sparse(all, rows, gradient.Like!);
    }
}
