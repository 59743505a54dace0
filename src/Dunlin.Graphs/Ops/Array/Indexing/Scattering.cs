namespace Dunlin.Graphs.Ops;

/// <summary>What the gradients of scattering have in common.</summary>
internal static class Scattering
{
    /// <summary>0, 1, 2, … in the shape [n…] of the index tuples [n…, k], Int64.</summary>
    public static Value Numbers(Value indices)
    {
        var column = Column(indices, 0);
        return column.FillLike(column.Graph.Constant(1, DType.Int64)).Reshape([-1]).CumSum(0, exclusive: true).ReshapeLike(column);
    }

    /// <summary>A tensor of one number for each cell of x that index tuples can name.</summary>
    public static Value CellsOf(Value x, Value indices, DType type, double number)
    {
        int[] inner = [.. Enumerable.Range(indices.Shape[^1], x.Shape.Rank - indices.Shape[^1])];
        // The first element of each cell, for its shape only; a cell without elements has none.
        var cells = inner.Length == 0 ? x : x.Sum(inner);
        return cells.FillLike(x.Graph.Constant(number, type));
    }

    /// <summary>The numbers [n…] of the cells that index tuples name, in row-major order.</summary>
    public static Value CellNumbers(Value x, Value indices)
    {
        var lengths = x.ShapeOf();
        var cell = Column(indices, 0).Cast(DType.Int64);
        for (var d = 1; d < indices.Shape[^1]; d++)
            cell = cell * lengths.StridedSlice(d..(d + 1)).Reshape([]) + Column(indices, d).Cast(DType.Int64);
        return cell;
    }

    /// <summary>One index of each tuple.</summary>
    public static Value Column(Value indices, int d) =>
        indices.StridedSlice([.. Enumerable.Repeat(Slicing.All, indices.Shape.Rank - 1), new Slicing(d, d + 1)]).Squeeze(-1);

    /// <summary>A value with dimensions of length 1 after its own, so that it broadcasts along the inner dimensions of another.</summary>
    public static Value Align(Value x, Value like)
    {
        while (x.Shape.Rank < like.Shape.Rank) x = x.ExpandLast();
        return x;
    }

    /// <summary>The gradients of a scatter that keeps extremes.</summary>
    public static IReadOnlyList<Gradient?> ShareExtreme(Node node, Value dy)
    {
        var (x, indices, rows, y) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], node.Outputs[0]);
        var cellWins = x.EqualTo(y).Cast(x.Type);
        var rowWins = rows.EqualTo(y.GatherNd(indices)).Cast(x.Type);
        var share = dy / Operations.ScatterNdAdd(cellWins, indices, rowWins);
        return [share * cellWins, null, share.GatherNd(indices) * rowWins];
    }
}
