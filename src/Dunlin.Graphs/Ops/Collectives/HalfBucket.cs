namespace Dunlin.Graphs.Ops;

/// <summary>Sums over ranks that travel in 16 bits.</summary>
public static partial class Operations
{
    /// <summary>Scaled elements stay below 2¹⁵, so that none overflows in Float16.</summary>
    private const int HalfBits = 15;

    /// <summary>
    /// The sums of all ranks' Float32 tensors, of which the terms and the sums travel in 16 bits: each rank gets a part of all ranks' terms (an all-to-all that starts as soon as the tensors of a bucket are there), adds
    /// them in Float32 in the ranks' order, and sends its sums to all. So an element is rounded twice, whatever the number of ranks, and all ranks get the same bits. In Float16 the elements of each part are
    /// scaled by a power of two that travels with them, so that none overflows and only those below about 10⁻⁹ of the part's largest are lost; what is not finite stays so.
    /// </summary>
    /// <param name="buckets">Tensors of known shapes that travel together; each bucket has at least one.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="ranks">Its size.</param>
    /// <param name="payload">BFloat16 or Float16.</param>
    /// <exception cref="ShapeException">A tensor is not of Float32.</exception>
    public static IReadOnlyList<IReadOnlyList<Value>> AllReduceTogether(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, DType payload) =>
        [.. PartSums(nameof(AllReduceTogether), buckets, axis, ranks, payload).Select(bucket =>
        {
            var whole = Widen(Narrow(bucket.Sum, payload).AllGather(axis, ranks), bucket.Sum.Shape[1]).Reshape([-1]);
            return (IReadOnlyList<Value>)[.. Enumerable.Range(0, bucket.Cuts.Count).Select(i => whole.Graph.Add(new JoinPieces(i, bucket.Cuts), [whole]))];
        })];

    /// <summary>
    /// Each rank's pieces of the sums of all ranks' Float32 tensors, of which the terms travel in 16 bits, as those of <see cref="AllReduceTogether(IReadOnlyList{IReadOnlyList{Value}}, string, int, DType)"/>: an element of
    /// a term is rounded once, and the sums not at all.
    /// </summary>
    /// <inheritdoc cref="AllReduceTogether(IReadOnlyList{IReadOnlyList{Value}}, string, int, DType)"/>
    public static IReadOnlyList<IReadOnlyList<Value>> ReduceScatterTogether(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, DType payload) =>
        [.. PartSums(nameof(ReduceScatterTogether), buckets, axis, ranks, payload).Select(bucket =>
        {
            var part = bucket.Sum.Reshape([-1]);
            return (IReadOnlyList<Value>)[.. Enumerable.Range(0, bucket.Cuts.Count).Select(i => part.Graph.Add(new UnpackPiece(i, bucket.Cuts), [part]))];
        })];

    /// <summary>This rank's part of each bucket's sums, [1, n] of Float32.</summary>
    private static IReadOnlyList<(Cuts Cuts, Value Sum)> PartSums(string caller, IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, DType payload)
    {
        Require.That(caller, payload, payload.IsHalf(), "BFloat16 or Float16");
        if (buckets.SelectMany(b => b).FirstOrDefault(v => v.Type != DType.Float32) is { } other) throw new ShapeException($"{caller}: sums that travel in 16 bits are of Float32; {other} is not.");
        // All ranks start their collectives in the order of the graph: first what can start early.
        var waits = buckets.Select(bucket =>
        {
            var graph = Require.NotEmpty(caller, bucket)[0].Graph;
            var terms = graph.Add(new PackPieces(ranks), bucket).Reshape([ranks, -1]);
            var sent = Narrow(terms, payload).Reshape([-1]);
            var exchange = graph.Nodes.Count;
            var received = graph.Add(new PieceWait(exchange), [graph.Add(new AllToAllStart(axis, ranks, exchange, bucket.Max(v => v.Node.Index)), [sent]), sent]);
            return (Cuts: new Cuts([.. bucket.Select(v => new Cut(v.TensorType, ranks))]), Part: terms.Shape[1], Received: received);
        }).ToList();
        return [.. waits.Select(w => (w.Cuts, Widen(w.Received.Reshape([ranks, -1]), w.Part).Sum([0], keepDimensions: true)))];
    }

    /// <summary>Rows [n, m] in 16 bits; in Float16 as [n, m + 1], with the exponent of each row's scale behind it.</summary>
    private static Value Narrow(Value rows, DType payload)
    {
        if (payload == DType.BFloat16) return rows.Cast(payload);
        var (_, exponent) = rows.Abs().Max([1], keepDimensions: true).Frexp();
        return Concat([rows.Ldexp(HalfBits - exponent).Cast(payload), exponent.Cast(payload)], 1);
    }

    /// <summary>What <see cref="Narrow"/> was given, but for rounding.</summary>
    private static Value Widen(Value rows, int length)
    {
        if (rows.Type == DType.BFloat16) return rows.Cast(DType.Float32);
        var exponent = rows.StridedSlice(.., length..(length + 1)).Cast(DType.Int32);
        return rows.StridedSlice(.., 0..length).Cast(DType.Float32).Ldexp(exponent - HalfBits);
    }
}
