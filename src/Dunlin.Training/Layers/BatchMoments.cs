using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>Mean and variance of each channel of a batch whose examples lie on several workers.</summary>
public static class BatchMoments
{
    /// <summary>
    /// The moments over all dimensions but channel 1 of the joined batch: of worker r's nᵣ elements a channel with mean mᵣ and variance vᵣ, n = Σ nᵣ, m = Σ nᵣ · mᵣ / n and v = Σ nᵣ · (vᵣ + mᵣ²) / n − m²,
    /// by one all-reduce. A worker whose weight is 0 has n = 0. Their gradient is one all-reduce, too.
    /// </summary>
    /// <remarks>The sums are of Float64, in which the difference of squares loses nothing that Float32 has.</remarks>
    /// <param name="x">[N, C, …].</param>
    /// <param name="replicas">The workers.</param>
    /// <returns>Mean[C] and biased variance[C] of the type of x, and the count, a scalar of that type.</returns>
    public static (Value Mean, Value Variance, Value Count) OfAll(Value x, Replicas replicas)
    {
        int[] rest = [.. Enumerable.Range(0, x.Shape.Rank).Where(d => d != 1)];
        var wide = x.Type.IsHalf() ? x.Cast(DType.Float32) : x;
        var center = wide.Mean(rest, keepDimensions: true);
        var mean = center.Reshape([x.Shape[1]]).Cast(DType.Float64);
        var variance = (wide - center).Square().Mean(rest).Cast(DType.Float64);
        var count = x.Graph.Add(new CountRatio(DType.Float64), [x, mean]) * (replicas.Weight > 0).Cast(DType.Float64);
        var channels = x.Shape[1];
        var sums = Operations.Concat([mean * count, (variance + mean.Square()) * count, count.Reshape([1])], 0).AllReduce(replicas.Axis);
        var total = sums.StridedSlice((2 * channels)..(2 * channels + 1)).Reshape([]);
        var joined = sums.StridedSlice(0..channels) / total;
        var squares = sums.StridedSlice(channels..(2 * channels)) / total;
        // Rounding may leave the least bit below 0.
        return (joined.Cast(x.Type), (squares - joined.Square()).Maximum(squares.Number(0)).Cast(x.Type), total.Cast(x.Type));
    }
}
