namespace Dunlin.Graphs.Ops;

/// <summary>How the rows of a table are dealt out to shards.</summary>
public enum Sharding
{
    /// <summary>Row r is row ⌊r / P⌋ of shard r mod P.</summary>
    Modulo,
    /// <summary>Each shard has the next rows, as many as it is long.</summary>
    Contiguous,
}

/// <summary>Tables in shards.</summary>
public static partial class Operations
{
    /// <summary>
    /// Rows of a table that lies in P shards, each of which gathers its own: Partition, Gather and Stitch as in Abadi et al., "TensorFlow"
    /// (2016), section 4.2. Only the rows that are asked for move. Gradients with respect to the shards are sparse.
    /// </summary>
    /// <param name="shards">The shards [Rₚ, d…], of one type and row shape; their numbers of rows are known where they are contiguous.</param>
    /// <param name="numbers">The numbers [n…] of the rows in the whole table (Int32 or Int64); one that no shard has is an error when it runs.</param>
    /// <param name="sharding">How the rows were dealt out.</param>
    public static Value ShardedGather(IReadOnlyList<Value> shards, Value numbers, Sharding sharding = Sharding.Modulo)
    {
        if (Require.NotEmpty(nameof(ShardedGather), shards).Count == 1) return shards[0].Gather(numbers);
        if (shards.FirstOrDefault(s => s.Shape.Rank == 0) is { } scalar) throw new ShapeException($"ShardedGather: the shards have rows, unlike {scalar}.");
        var flat = numbers.Shape.Rank == 1 ? numbers : numbers.Reshape([-1]);
        var (shard, local) = sharding == Sharding.Modulo
            ? (flat.Modulo(flat.Number(shards.Count)), flat.FloorDivide(flat.Number(shards.Count)))
            : Contiguous(shards, flat);
        var locals = local.DynamicPartition(shard, shards.Count);
        var places = Scattering.Numbers(flat.ExpandLast()).DynamicPartition(shard, shards.Count);
        Value[] rows = [.. shards.Select((s, p) => s.Gather(locals[p]))];
        var row = shards[0].Shape[1..];
        // Every place is taken by exactly one row, so adding them to zeros puts them there, and its gradient is a plain gather.
        var zeros = flat.Shape.IsKnown
            ? flat.Graph.Zeros(flat.Shape.Append(row.Dimensions), shards[0].Type)
            : shards[0].Number(0).Fill(Concat([flat.ShapeOf(), shards[0].ShapeOf().StridedSlice(1..)], 0));
        var found = ScatterAdd(zeros, Concat(places, 0), Concat(rows, 0));
        return numbers.Shape.Rank == 1 ? found : found.Reshape(numbers.Shape.Append(row.Dimensions));
    }

    private static (Value Shard, Value Local) Contiguous(IReadOnlyList<Value> shards, Value numbers)
    {
        if (shards.Any(s => s.Shape[0] == Shape.Unknown)) throw new ShapeException("ShardedGather: the shards' numbers of rows have to be known where they are contiguous.");
        var begins = new long[shards.Count];
        for (var p = 1; p < begins.Length; p++) begins[p] = begins[p - 1] + shards[p - 1].Shape[0];
        var starts = numbers.Graph.Constant(Tensor.From(begins)).Cast(numbers.Type);
        var shard = starts.StridedSlice(1..).SearchSorted(numbers, right: true);
        return (shard, numbers - starts.Gather(shard));
    }
}
