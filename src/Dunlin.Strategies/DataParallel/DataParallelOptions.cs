using Dunlin.Communication;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>How <see cref="DataParallel"/> exchanges gradients.</summary>
public sealed record DataParallelOptions
{
    internal const long UsualBucket = 1 << 20;

    /// <summary>
    /// Bytes of gradient that one all-reduce takes, if no single gradient is larger. Between threads, and between processes of one host, sums have the same bits whatever it is; MPI between hosts may order
    /// the sums of three and more ranks by it.
    /// </summary>
    /// <value>At least 4096; unless set, what costs least by <see cref="AllReduceCost"/>, measured where the run begins. With pieces (<see cref="Sharding"/>) 1 MiB unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 4096.</exception>
    public long? BucketBytes { get; init => field = value is { } bytes ? Require.AtLeast(nameof(DataParallelOptions), bytes, 4096, nameof(BucketBytes)) : null; }

    /// <summary>
    /// Whether gradients of which only some rows are there (those of embeddings) travel as rows, where the rows of all workers together are fewer than the table's.
    /// </summary>
    /// <value>True unless set. With false, each step sends the whole table, and which rows were touched; the update is the same.</value>
    public bool SparseGradients { get; init; } = true;

    /// <summary>
    /// What each worker holds only a piece of: with n workers, 1/n of the optimiser's state (ZeRO 1), of the gradients, too (ZeRO 2), or of the weights, too (ZeRO 3, FSDP). The update is the same.
    /// </summary>
    /// <value>None unless set.</value>
    public ShardingStage Sharding { get; init; }

    /// <summary>What is sent of dense gradients. The largest elements (<see cref="GradientCompression.TopK"/>) only with <see cref="Sharding"/> of the optimiser's state or none.</summary>
    /// <value>All of it unless set.</value>
    public GradientCompression Compression { get; init; } = GradientCompression.None;

    /// <summary>The processes of the run, whose workers train together; null for this process alone.</summary>
    public Cluster? Cluster { get; init; }

    /// <summary>How the workers of this process meet.</summary>
    public LocalOptions Local { get; init; } = new();
}
