namespace Dunlin.Graphs.Ops;

/// <summary>
/// Deals the rows of x[n, d…] out to parts: output p has, in their order, the rows i with parts[i] = p, of parts[n] (Int32 or Int64).
/// A part outside 0 to Count − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradient: the rows of the parts' gradients in their places.</remarks>
/// <param name="Count">The number of parts, at least 1.</param>
public sealed record DynamicPartition(int Count) : DynamicOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, parts) = (inputs[0], inputs[1]);
        if (parts.Type is not (DType.Int32 or DType.Int64) || parts.Shape.Rank != 1) throw Mismatch(inputs, "the second input, the parts, is Int32 or Int64 of one dimension.");
        return Count >= 1 && x.Shape.Rank > 0 && x.Shape[..1].Accepts(parts.Shape)
            ? [.. Enumerable.Repeat(x with { Shape = x.Shape.With(0, Shape.Unknown) }, Count)]
            : throw Mismatch(inputs, "takes x[n, d…], a part for each of its rows, and at least one part.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var x = inputs[0];
        var reader = new RowNumbers(Name, "part", inputs[1].TensorType, Count);
        var sizes = new int[Count];
        var parts = new int[reader.Count];
        for (var i = 0; i < parts.Length; i++) sizes[parts[i] = (int)reader.At(inputs[1].Address, i)]++;
        Tensor[] outputs = [.. sizes.Select(s => Tensor.Uninitialized(x.Type, x.Shape.With(0, s)))];
        var bytes = checked((int)(x.Shape[1..].ElementCount * x.Type.Size()));
        Array.Clear(sizes);
        for (var i = 0; i < parts.Length; i++) x.RawBytes.Slice(i * bytes, bytes).CopyTo(outputs[parts[i]].RawBytes[(sizes[parts[i]]++ * bytes)..]);
        GC.KeepAlive(inputs[1]);
        return outputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, parts) = (node.Inputs[0], node.Inputs[1]);
        var places = node.Graph.AddNode(this, [Scattering.Numbers(parts.ExpandLast()), parts]).Outputs;
        int[] used = [.. Enumerable.Range(0, Count).Where(p => outputGradients[p] is not null)];
        return
        [
            Operations.ScatterAdd(x.ZerosLike(), Operations.Concat([.. used.Select(p => places[p])], 0), Operations.Concat([.. used.Select(p => outputGradients[p]!)], 0)),
            null,
        ];
    }
}

/// <summary>Dealing out and putting together.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.DynamicPartition"/>
    public static IReadOnlyList<Value> DynamicPartition(this Value x, Value parts, int count) => x.Graph.AddNode(new DynamicPartition(count), [x, parts]).Outputs;

    /// <summary>
    /// Puts rows together that <see cref="DynamicPartition(Value, Value, int)"/> has dealt out: y[places[p][i]] = rows[p][i], of places[p][nₚ] (Int32 or Int64)
    /// and rows[p][nₚ, d…]. Of several rows for one place the last one stays; a place that none has is 0.
    /// </summary>
    /// <param name="places">Where the rows of each part go.</param>
    /// <param name="rows">The rows of each part.</param>
    /// <param name="length">The number of rows of the result; unless given, one more than the largest place.</param>
    public static Value DynamicStitch(IReadOnlyList<Value> places, IReadOnlyList<Value> rows, int? length = null)
    {
        if (places.Count == 0 || places.Count != rows.Count) throw new ShapeException($"DynamicStitch: {places.Count} sets of places for {rows.Count} of rows.");
        var (at, all) = (Concat(places, 0), Concat(rows, 0));
        var zero = all.Number(0);
        var row = all.Shape[1..];
        if (length is { } known) return ScatterUpdate(zero.BroadcastTo(Shape.Of(known).Append(row.Dimensions)), at, all);
        var count = (at.Cast(DType.Int64).Max([0], keepDimensions: true) + 1).Maximum(at.Graph.Constant(0, DType.Int64));
        var zeros = row.IsKnown
            ? zero.Fill(count).Reshape(Shape.Of(-1).Append([.. Enumerable.Repeat(1, row.Rank)])).BroadcastTo(Shape.Of(-1).Append(row.Dimensions))
            : zero.Fill(Concat([count, all.ShapeOf().StridedSlice(1..)], 0));
        return ScatterUpdate(zeros, at, all);
    }
}
