namespace Dunlin.Samples.ConcurrentSteps;

/// <summary>How many of each there are.</summary>
public sealed record Settings
{
    /// <summary>Where the variables are saved; nowhere if null.</summary>
    public string? Checkpoints { get; init; }

    public int Epochs { get; init; } = 4;

    public int Readers { get; init; } = 2;

    public int Trainers { get; init; } = 2;

    /// <summary>Records that a reader reads at once.</summary>
    public int Piece { get; init; } = 100;

    public int BatchSize { get; init; } = 32;

    public double LearningRate { get; init; } = 0.1;

    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest that the program may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Lets the first reader fail half-way.</summary>
    public bool Fail { get; init; }
}

/// <summary>What became of it.</summary>
/// <param name="Steps">Training steps.</param>
/// <param name="Seen">How often each record was trained on.</param>
/// <param name="Saves">The training steps after which the variables were saved.</param>
/// <param name="LongestQueue">The most records that were waiting.</param>
/// <param name="Accuracy">The part of the test pictures that are recognised.</param>
public sealed record Outcome(long Steps, IReadOnlyList<int> Seen, IReadOnlyList<long> Saves, long LongestQueue, double Accuracy);
