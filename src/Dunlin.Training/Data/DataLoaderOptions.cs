namespace Dunlin.Training.Data;

/// <summary>How a <see cref="DataLoader"/> cuts a data set into batches.</summary>
public sealed record DataLoaderOptions
{
    /// <summary>Examples in one step, over all ranks together.</summary>
    /// <value>At least 1; 64 unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 1.</exception>
    public int BatchSize { get; init => field = Require.AtLeast(nameof(DataLoaderOptions), value, 1); } = 64;

    /// <summary>Chooses the order of the examples and the augmentation. Must be equal on all ranks.</summary>
    /// <value>0 unless set.</value>
    public ulong Seed { get; init; }

    /// <summary>Whether each epoch has an order of its own; else the examples come in the data set's order.</summary>
    /// <value>True unless set.</value>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether examples that do not fill a last batch are left out of the epoch.</summary>
    /// <value>False unless set.</value>
    public bool DropLast { get; init; }

    /// <summary>Whose share of each global batch is loaded.</summary>
    /// <value>From 0 to <see cref="Ranks"/> − 1; 0 unless set.</value>
    public int Rank { get; init => field = Require.AtLeast(nameof(DataLoaderOptions), value, 0); }

    /// <summary>Among how many ranks each global batch is shared out.</summary>
    /// <value>At least 1; 1 unless set.</value>
    public int Ranks { get; init => field = Require.AtLeast(nameof(DataLoaderOptions), value, 1); } = 1;

    /// <summary>How many batches are kept ready beside the one in use.</summary>
    /// <value>At least 1; 2 unless set.</value>
    public int Prefetch { get; init => field = Require.AtLeast(nameof(DataLoaderOptions), value, 1); } = 2;

    /// <summary>How long to wait for a batch before the data set is taken for hung.</summary>
    /// <value>5 minutes unless set.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Random changes of the examples, made in this order.</summary>
    /// <value>None unless set.</value>
    public IReadOnlyList<Augmentation> Augmentations { get; init; } = [];
}
