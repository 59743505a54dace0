namespace Dunlin.Strategies;

/// <summary>
/// Machines that are not there: workers and servers with given speeds, links with a delay and a bandwidth, and failures, on time that is counted and not waited for. The workers compute real gradients, and what servers
/// and workers do is what they do elsewhere; when they do it is simulated. A run with the same settings is the same run, to the bit. One object is for one run at a time.
/// </summary>
public sealed class SimulatedCluster
{
    private double _seconds;

    /// <summary>The seed of what is drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>How long a worker computes for a step, in seconds.</summary>
    public StepTime StepTime { get; init; } = new(0.1);

    /// <summary>How fast workers are: with 2 a step takes half the time. Worker w has the number w modulo their count.</summary>
    /// <value>Above 0; all 1 unless set.</value>
    /// <exception cref="InvalidValueException">There is none, or one is not above 0.</exception>
    public IReadOnlyList<double> Speeds { get; init => field = Require.That(nameof(SimulatedCluster), value, value.Count > 0 && value.All(s => double.IsFinite(s) && s > 0), "at least one number, and each finite and above 0"); } = [1];

    /// <summary>How long a message is under way besides its bytes, in seconds.</summary>
    /// <value>At least 0; 50 µs unless set.</value>
    /// <exception cref="InvalidValueException">The value is negative or not finite.</exception>
    public double Latency { get; init => field = Seconds(value); } = 50e-6;

    /// <summary>What a worker can send, and receive, in bytes per second.</summary>
    /// <value>Above 0; 1.25e9 unless set, which is 10 Gbit/s.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double WorkerBandwidth { get; init => field = Rate(value); } = 1.25e9;

    /// <summary>What a server can send, and receive, in bytes per second: its workers share it.</summary>
    /// <value>Above 0; 1.25e9 unless set.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double ServerBandwidth { get; init => field = Rate(value); } = 1.25e9;

    /// <summary>How long a server is at work for a call besides its bytes, in seconds; it serves one at a time.</summary>
    /// <value>At least 0; 20 µs unless set.</value>
    /// <exception cref="InvalidValueException">The value is negative or not finite.</exception>
    public double ServerTime { get; init => field = Seconds(value); } = 20e-6;

    /// <summary>How many bytes of gradients a server applies per second.</summary>
    /// <value>Above 0; 2e9 unless set.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double ServerRate { get; init => field = Rate(value); } = 2e9;

    /// <summary>How many floating-point operations a server does per second, where it computes scores of classes.</summary>
    /// <value>Above 0; 1e11 unless set.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double ServerFlops { get; init => field = Rate(value); } = 1e11;

    /// <summary>How many times more bytes travel than the model has: what a larger model of the same kind would send.</summary>
    /// <value>Above 0; 1 unless set.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double BytesScale { get; init => field = Rate(value); } = 1;

    /// <summary>What goes wrong; nothing unless set.</summary>
    public SimulatedFailures? Failures { get; init; }

    /// <summary>After how many seconds a run is taken for hung.</summary>
    /// <value>Above 0; 1e7 unless set.</value>
    /// <exception cref="InvalidValueException">The value is not above 0.</exception>
    public double MaximumSeconds { get; init => field = Rate(value); } = 1e7;

    /// <summary>What time it is for worker 0, in seconds since the run began: for its observers.</summary>
    public double Now { get => Volatile.Read(ref _seconds); internal set => Volatile.Write(ref _seconds, value); }

    /// <summary>What happened in the last run that ended; null before.</summary>
    public SimulationReport? Report { get; internal set; }

    private static double Seconds(double value) => Require.That(nameof(SimulatedCluster), value, double.IsFinite(value) && value >= 0, "finite and at least 0");

    private static double Rate(double value) => Require.That(nameof(SimulatedCluster), value, value > 0, "above 0");
}

/// <summary>How long workers compute for a step: log-normally distributed, and now and then much longer.</summary>
/// <param name="Mean">The mean of those that are not much longer, in seconds: at least 0.</param>
/// <param name="Spread">σ, the standard deviation of the logarithm: at least 0.</param>
/// <param name="SlowProbability">How often a step is much longer, from 0 to 1.</param>
/// <param name="SlowFactor">How many times longer it is then, at least 1.</param>
public sealed record StepTime(double Mean, double Spread = 0, double SlowProbability = 0, double SlowFactor = 1)
{
    /// <inheritdoc cref="StepTime(double, double, double, double)"/>
    public double Mean { get; } = Require.That(nameof(StepTime), Mean, double.IsFinite(Mean) && Mean >= 0, "finite and at least 0");

    /// <inheritdoc cref="StepTime(double, double, double, double)"/>
    public double Spread { get; } = Require.That(nameof(StepTime), Spread, double.IsFinite(Spread) && Spread >= 0, "finite and at least 0");

    /// <inheritdoc cref="StepTime(double, double, double, double)"/>
    public double SlowProbability { get; } = Require.That(nameof(StepTime), SlowProbability, SlowProbability is >= 0 and <= 1, "from 0 to 1");

    /// <inheritdoc cref="StepTime(double, double, double, double)"/>
    public double SlowFactor { get; } = Require.That(nameof(StepTime), SlowFactor, double.IsFinite(SlowFactor) && SlowFactor >= 1, "finite and at least 1");

    internal double Draw(Draws draws) => Mean * draws.LogNormal(Spread) * (draws.Happens(SlowProbability) ? SlowFactor : 1);
}

/// <summary>What goes wrong in a simulated cluster: each by itself, at times that are drawn.</summary>
public sealed record SimulatedFailures
{
    /// <summary>How often a message is lost, from 0 to below 1.</summary>
    /// <exception cref="InvalidValueException">The value is not from 0 to below 1.</exception>
    public double Loss { get; init => field = Probability(value); }

    /// <summary>How often a message comes twice, from 0 to below 1.</summary>
    /// <exception cref="InvalidValueException">The value is not from 0 to below 1.</exception>
    public double Duplication { get; init => field = Probability(value); }

    /// <summary>How often a message is late, from 0 to below 1: later ones then overtake it.</summary>
    /// <exception cref="InvalidValueException">The value is not from 0 to below 1.</exception>
    public double Delay { get; init => field = Probability(value); }

    /// <summary>How late it is then on average, in seconds.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and above 0.</exception>
    public double DelaySeconds { get; init => field = Positive(value); } = 0.05;

    /// <summary>After how many seconds without an answer a message is sent again.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and above 0.</exception>
    public double RetryAfter { get; init => field = Positive(value); } = 0.5;

    /// <summary>After how many seconds on average a worker dies; worker 0, which reports, does not. 0: none does.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and at least 0.</exception>
    public double WorkerLife { get; init => field = AtLeastZero(value); }

    /// <summary>After how many seconds on average a server dies. 0: none does.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and at least 0.</exception>
    public double ServerLife { get; init => field = AtLeastZero(value); }

    /// <summary>After how many seconds servers notice that a worker has died.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and above 0.</exception>
    public double NoticeAfter { get; init => field = Positive(value); } = 1;

    /// <summary>After how many seconds one that has died is there again.</summary>
    /// <exception cref="InvalidValueException">The value is not finite and above 0.</exception>
    public double RestartAfter { get; init => field = Positive(value); } = 2;

    private static double Probability(double value) => Require.That(nameof(SimulatedFailures), value, value is >= 0 and < 1, "from 0 to below 1");

    private static double Positive(double value) => Require.That(nameof(SimulatedFailures), value, double.IsFinite(value) && value > 0, "finite and above 0");

    private static double AtLeastZero(double value) => Require.That(nameof(SimulatedFailures), value, double.IsFinite(value) && value >= 0, "finite and at least 0");
}

/// <summary>What happened in a simulated run.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="Steps">How many steps each worker computed.</param>
/// <param name="WaitSeconds">How long each worker waited, in all.</param>
/// <param name="Updates">How many updates each server made.</param>
/// <param name="Dropped">How many gradients came too late to be used, of all servers.</param>
/// <param name="ServerBusySeconds">How long each server was at work.</param>
/// <param name="Messages">How many messages were sent.</param>
/// <param name="Bytes">How many bytes they had, with <see cref="SimulatedCluster.BytesScale"/>.</param>
/// <param name="Lost">How many messages were lost.</param>
/// <param name="WorkerDeaths">How many workers died.</param>
/// <param name="ServerDeaths">How many servers died.</param>
public sealed record SimulationReport(double Seconds, IReadOnlyList<long> Steps, IReadOnlyList<double> WaitSeconds, IReadOnlyList<long> Updates, long Dropped, IReadOnlyList<double> ServerBusySeconds, long Messages, double Bytes, long Lost, int WorkerDeaths, int ServerDeaths);
