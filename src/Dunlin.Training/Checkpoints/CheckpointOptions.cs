namespace Dunlin.Training.Checkpoints;

/// <summary>Which checkpoint is the better one.</summary>
public enum BestMetric
{
    /// <summary>None is kept for its metric.</summary>
    None,
    /// <summary>The one with the lowest metric, such as a loss.</summary>
    Lowest,
    /// <summary>The one with the highest metric, such as an accuracy.</summary>
    Highest,
}

/// <summary>What a <see cref="CheckpointStore"/> keeps.</summary>
public sealed record CheckpointOptions
{
    /// <summary>How many checkpoints to keep, the newest ones.</summary>
    /// <value>At least 1; 3 unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 1.</exception>
    public int KeepLast { get; init => field = Require.AtLeast(nameof(CheckpointOptions), value, 1); } = 3;

    /// <summary>Whether to keep, besides, the one with the best <see cref="CheckpointState.Metric"/>.</summary>
    /// <value>None unless set.</value>
    public BestMetric KeepBest { get; init; }

    /// <summary>Whether this store only loads. Of many ranks that share a directory, one may write: it clears away what killed runs left behind.</summary>
    /// <value>False unless set.</value>
    public bool ReadOnly { get; init; }

    /// <summary>Told about checkpoints that were skipped and why.</summary>
    /// <value>Nobody unless set.</value>
    public Action<string>? Warn { get; init; }
}
