using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>Pieces travel in buckets, as whole gradients do.</summary>
/// <param name="communicator">All workers.</param>
/// <param name="axis">Their mesh axis.</param>
/// <param name="options">What is cut into pieces and what is sent of gradients; bytes of buckets are those of whole tensors.</param>
internal sealed class Shards(ICommunicator communicator, string axis, DataParallelOptions options) : IShards
{
    public ShardingStage Sharding => options.Sharding;

    public string Axis => axis;

    public int Rank => communicator.Rank;

    public int Ranks => communicator.Size;

    public IReadOnlyList<Value> Scatter(IReadOnlyList<Value> gradients)
    {
        var pieces = new Value[gradients.Count];
        var buckets = Buckets.Fill([.. gradients.Select(g => (g.Node.Index, g.TensorType.Bytes, g.Type))], options.BucketBytes ?? DataParallelOptions.UsualBucket);
        var sums = options.Compression.Scatter([.. buckets.Select(b => (IReadOnlyList<Value>)[.. b.Select(i => gradients[i])])], axis, Ranks);
        foreach (var (bucket, parts) in buckets.Zip(sums))
            foreach (var (i, piece) in bucket.Zip(parts)) pieces[i] = piece;
        return pieces;
    }

    public IReadOnlyList<Value> Gather(IReadOnlyList<Value> pieces, IReadOnlyList<Cut> cuts)
    {
        var wholes = new Value[pieces.Count];
        foreach (var bucket in Groups([.. cuts.Select((c, i) => c.Whole with { Type = pieces[i].Type })]))
            foreach (var (i, whole) in bucket.Zip(Operations.AllGatherTogether([.. bucket.Select(i => pieces[i])], [.. bucket.Select(i => cuts[i])], axis))) wholes[i] = whole;
        return wholes;
    }

    public IReadOnlyList<IReadOnlyList<int>> Groups(IReadOnlyList<TensorType> tensors) => Buckets.Fill([.. tensors.Select((t, i) => (i, t.Bytes, t.Type))], options.BucketBytes ?? DataParallelOptions.UsualBucket);
}
