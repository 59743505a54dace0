using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>When parameter servers apply the gradients of their workers, and which workers wait for which.</summary>
public abstract record ServerProtocol
{
    private ServerProtocol() { }

    internal abstract Discipline Create(int workers);

    /// <summary>Whether workers fetch rows of tables step by step, instead of having a copy that they change.</summary>
    internal virtual bool KeepsTables(int workers) => Plan(Optimizers.Sgd(1), workers).OwnSteps is null;

    /// <summary>How a worker makes its steps.</summary>
    /// <param name="optimizer">The recipe's.</param>
    /// <param name="workers">How many there are.</param>
    internal virtual WorkerPlan Plan(Optimizer optimizer, int workers) => new(new PeriodicRule(1, 1), Sums: false, OwnSteps: null);

    /// <summary>Each gradient is applied when it comes, and nobody waits for anybody (Downpour SGD; Dean et al., 2012): n workers make n updates a step.</summary>
    public sealed record Asynchronous : ServerProtocol
    {
        /// <summary>What late gradients count.</summary>
        /// <value>As much as others unless set.</value>
        public StalenessRule Staleness { get; init; } = new StalenessRule.None();

        /// <summary>How late gradients are corrected by what the weights have moved meanwhile.</summary>
        /// <value>Not at all unless set.</value>
        public DelayCompensation? Compensation { get; init; }

        /// <summary>n_push: every how many of its steps a worker gives its gradients, as their sum.</summary>
        /// <value>At least 1; 1 unless set.</value>
        /// <exception cref="InvalidValueException">The value is less than 1.</exception>
        public int PushEvery { get; init => field = Require.AtLeast(nameof(Asynchronous), value, 1); } = 1;

        /// <summary>n_fetch: every how many of its steps a worker takes the servers' weights.</summary>
        /// <value>At least 1; 1 unless set.</value>
        /// <exception cref="InvalidValueException">The value is less than 1.</exception>
        public int FetchEvery { get; init => field = Require.AtLeast(nameof(Asynchronous), value, 1); } = 1;

        /// <summary>What moves a worker's own weights at each step until it takes the servers': in the paper, gradient descent with the servers' rate.</summary>
        /// <value>Nothing unless set.</value>
        public Optimizer? OwnSteps { get; init; }

        internal override Discipline Create(int workers) => new AsynchronousDiscipline(Staleness);

        internal override WorkerPlan Plan(Optimizer optimizer, int workers) => new(new PeriodicRule(PushEvery, FetchEvery), Sums: PushEvery > 1, OwnSteps);
    }

    /// <summary>
    /// A worker gives its gradients, and takes the weights, when the server is free; while it is at work for another one, the worker does its next batch instead and gives the sum later (Chan and Lane, 2014). So nobody
    /// waits for a busy server, and the more workers there are, the more steps each gives at a time. What it gives counts for one update, and goes through the optimiser as one gradient.
    /// </summary>
    /// <param name="MaximumSteps">A worker with that many steps that it has not given waits for the server: at least 1, and with 1 it gives each.</param>
    public sealed record TryLock(int MaximumSteps = 8) : ServerProtocol
    {
        /// <inheritdoc cref="TryLock(int)"/>
        public int MaximumSteps { get; } = Require.AtLeast(nameof(TryLock), MaximumSteps, 1);

        /// <summary>A worker whose weights are that far from those that it was given waits for the servers: the length of the difference, over all weights. It has an effect where workers have <see cref="OwnSteps"/>.</summary>
        /// <value>Above 0; without bound unless set.</value>
        /// <exception cref="InvalidValueException">The value is not above 0.</exception>
        public double MaximumDistance { get; init => field = Require.That(nameof(TryLock), value, value > 0, "above 0"); } = double.PositiveInfinity;

        /// <summary>What late gradients count.</summary>
        /// <value>As much as others unless set; <see cref="StalenessRule.Power"/> is the talk's gradient decay.</value>
        public StalenessRule Staleness { get; init; } = new StalenessRule.None();

        /// <summary>What moves a worker's own weights at each step until it takes the servers': in the talk, gradient descent with the servers' rate.</summary>
        /// <value>Nothing unless set: gradients are added up at the weights that were given.</value>
        public Optimizer? OwnSteps { get; init; }

        internal override Discipline Create(int workers) => new AsynchronousDiscipline(Staleness);

        internal override WorkerPlan Plan(Optimizer optimizer, int workers) => new(new TryLockRule(MaximumSteps, MaximumDistance), Sums: MaximumSteps > 1, OwnSteps);
    }

    /// <summary>
    /// Each worker trains weights of its own by the recipe's optimiser, and every few steps its weights and the servers' are drawn towards each other: d = α (x − w), x − d, w + d (EASGD: Zhang, Choromanska and LeCun, 2015).
    /// What is measured and saved are the servers' weights; state of the workers' optimisers is not saved.
    /// </summary>
    /// <param name="Every">Every how many of its steps a worker meets the servers: at least 1.</param>
    public sealed record ElasticAveraging(int Every = 4) : ServerProtocol
    {
        /// <inheritdoc cref="ElasticAveraging(int)"/>
        public int Every { get; } = Require.AtLeast(nameof(ElasticAveraging), Every, 1);

        /// <summary>α.</summary>
        /// <value>Above 0 and below 1; unless set 0.9 by the number of workers, as in the paper, and 1/2 for one.</value>
        /// <exception cref="InvalidValueException">The value is not between 0 and 1.</exception>
        public double? Rate { get; init => field = value is { } rate ? Require.That(nameof(ElasticAveraging), rate, rate is > 0 and < 1, "above 0 and below 1") : null; }

        internal override Discipline Create(int workers) => new ElasticDiscipline(RateOf(workers));

        internal override WorkerPlan Plan(Optimizer optimizer, int workers) => new(new ElasticRule(Every, RateOf(workers)), Sums: false, optimizer);

        private double RateOf(int workers) => Rate ?? Math.Min(0.5, 0.9 / workers);
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

        internal override Discipline Create(int workers) => new SoftSynchronousDiscipline(Splits, Staleness);
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

        internal override Discipline Create(int workers) => Bound == 0 ? new SynchronousDiscipline(0) : new StaleSynchronousDiscipline(Bound);
    }

    /// <summary>
    /// All workers do each step together, which is the step of one worker on the joined batch; with backup workers, a step takes the gradients that come first and drops the last <paramref name="Backups"/> (Chen et al., 2016).
    /// </summary>
    /// <param name="Backups">How many gradients of a step are not waited for: at least 0, and fewer than there are workers.</param>
    public sealed record Synchronous(int Backups = 0) : ServerProtocol
    {
        /// <inheritdoc cref="Synchronous(int)"/>
        public int Backups { get; } = Require.AtLeast(nameof(Synchronous), Backups, 0);

        internal override Discipline Create(int workers) => new SynchronousDiscipline(Backups);
    }

    /// <summary>
    /// L-BFGS over all of the data, with its vectors on the servers (Sandblaster: Dean et al., 2012). Each epoch is one step, for which loss and gradient of all data are computed at one point or more. The data are cut into pieces, and a
    /// worker that is through with one takes the next; near the end of an evaluation, pieces that are not done are given to a second worker, so that nobody waits for a slow one. Worker 0 says what the servers compute, and only numbers
    /// go to and fro. It takes the place of the recipe's optimiser. What is evaluated is one function: examples are augmented, and units dropped, in the same way each time. A run that is resumed begins with an empty memory.
    /// </summary>
    /// <param name="BatchesPerPiece">How many batches a piece has, after which its gradient is given: at least 1. Pieces should be many more than workers.</param>
    public sealed record Sandblaster(int BatchesPerPiece = 1) : ServerProtocol
    {
        /// <inheritdoc cref="Sandblaster(int)"/>
        public int BatchesPerPiece { get; } = Require.AtLeast(nameof(Sandblaster), BatchesPerPiece, 1);

        /// <summary>The search. Of its ends the gradient's length and the number of evaluations count; the run's epochs are the most steps. Each pair of the history costs the servers two times the weights' memory.</summary>
        public LbfgsOptions Search { get; init; } = new();

        internal override bool KeepsTables(int workers) => false;

        internal override Discipline Create(int workers) => new SandblasterDiscipline(LbfgsSearch.VectorsFor(Search));

        internal override WorkerPlan Plan(Optimizer optimizer, int workers) => new(new PeriodicRule(1, 1), Sums: true, OwnSteps: null);
    }
}
