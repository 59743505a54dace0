namespace Dunlin.Strategies;

/// <summary>When parameter servers apply the gradients of their workers, and which workers wait for which.</summary>
public abstract record ServerProtocol
{
    private ServerProtocol() { }

    internal abstract Discipline Create();

    /// <summary>Each gradient is applied when it comes, and nobody waits for anybody (Downpour SGD; Dean et al., 2012): n workers make n updates a step.</summary>
    public sealed record Asynchronous : ServerProtocol
    {
        /// <summary>What late gradients count.</summary>
        /// <value>As much as others unless set.</value>
        public StalenessRule Staleness { get; init; } = new StalenessRule.None();

        internal override Discipline Create() => new AsynchronousDiscipline(Staleness);
    }

    /// <summary>
    /// Gradients are gathered until there are ⌊λ/n⌋ of λ workers, and their mean is applied as one; nobody waits (n-softsync: Zhang, Gupta, Lian and Liu, 2015). With n = 1 an update takes as many gradients as there are
    /// workers, though not one of each; with n = λ each is applied when it comes. A gradient's staleness is about n, and seldom above 2 n.
    /// </summary>
    /// <param name="Splits">n, at least 1.</param>
    public sealed record SoftSynchronous(int Splits = 1) : ServerProtocol
    {
        /// <inheritdoc cref="SoftSynchronous(int)"/>
        public int Splits { get; } = Require.AtLeast(nameof(SoftSynchronous), Splits, 1);

        /// <summary>What late gradients count.</summary>
        /// <value>1 by their staleness unless set.</value>
        public StalenessRule Staleness { get; init; } = new StalenessRule.Inverse();

        internal override Discipline Create() => new SoftSynchronousDiscipline(Splits, Staleness);
    }

    /// <summary>
    /// No worker is more than <paramref name="Bound"/> steps ahead of another (SSP; Ho et al., 2013). Each gradient is applied when it comes, and of n workers each moves the weights by 1/n, so that a step of all
    /// moves them as far as one step on the joined batch. With a bound of 0 all do each step together: <see cref="Synchronous"/>, to the bit.
    /// </summary>
    /// <param name="Bound">At least 0.</param>
    public sealed record StaleSynchronous(int Bound) : ServerProtocol
    {
        /// <inheritdoc cref="StaleSynchronous(int)"/>
        public int Bound { get; } = Require.AtLeast(nameof(StaleSynchronous), Bound, 0);

        internal override Discipline Create() => Bound == 0 ? new SynchronousDiscipline(0) : new StaleSynchronousDiscipline(Bound);
    }

    /// <summary>
    /// All workers do each step together, which is the step of one worker on the joined batch; with backup workers, a step takes the gradients that come first and drops the last <paramref name="Backups"/> (Chen et al., 2016).
    /// </summary>
    /// <param name="Backups">How many gradients of a step are not waited for: at least 0, and fewer than there are workers.</param>
    public sealed record Synchronous(int Backups = 0) : ServerProtocol
    {
        /// <inheritdoc cref="Synchronous(int)"/>
        public int Backups { get; } = Require.AtLeast(nameof(Synchronous), Backups, 0);

        internal override Discipline Create() => new SynchronousDiscipline(Backups);
    }
}
