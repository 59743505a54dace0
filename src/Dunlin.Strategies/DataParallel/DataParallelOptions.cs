using Dunlin.Communication;

namespace Dunlin.Strategies;

/// <summary>How <see cref="DataParallel"/> exchanges gradients.</summary>
public sealed record DataParallelOptions
{
    /// <summary>Bytes of gradient that one all-reduce takes, if no single gradient is larger.</summary>
    /// <value>At least 4096; 1 MiB unless set: between threads a start costs little, and smaller buckets can start earlier.</value>
    /// <exception cref="InvalidValueException">The value is less than 4096.</exception>
    public long BucketBytes { get; init => field = Require.AtLeast(nameof(DataParallelOptions), value, 4096); } = 1 << 20;

    /// <summary>
    /// Whether gradients of which only some rows are there (those of embeddings) travel as rows, where the rows of all workers together are fewer than the table's.
    /// </summary>
    /// <value>True unless set. False makes them dense: each step then sends the whole table.</value>
    public bool SparseGradients { get; init; } = true;

    /// <summary>What is sent of dense gradients.</summary>
    /// <value>All of it unless set.</value>
    public GradientCompression Compression { get; init; } = GradientCompression.None;

    /// <summary>How the workers of this process meet.</summary>
    public LocalOptions Local { get; init; } = new();
}
