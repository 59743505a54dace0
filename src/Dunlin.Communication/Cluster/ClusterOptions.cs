namespace Dunlin.Communication;

/// <summary>How the processes of a run wait for each other.</summary>
public sealed record ClusterOptions
{
    /// <summary>
    /// How long one wait lasts before the run fails with an error that says where every rank is. Lost processes are noticed much sooner: this catches deadlocks in the program,
    /// and must outlast what one rank does alone (a checkpoint, a validation).
    /// </summary>
    /// <value>More than zero; 5 minutes unless set.</value>
    /// <exception cref="InvalidValueException">The value is not positive.</exception>
    public TimeSpan Timeout { get; init => field = Require.That(nameof(ClusterOptions), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a process of another host may give no sign before it counts as lost. Those of the same host are looked at after one second: they are lost when the system says that they are
    /// stopped or dead, and merely slow else.
    /// </summary>
    /// <value>At least 1 second; 4 unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 1 second.</exception>
    public TimeSpan Silence { get; init => field = Require.That(nameof(ClusterOptions), value, value >= TimeSpan.FromSeconds(1), "at least 1 second"); } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Whether every call is compared with the other ranks' before it is made: calls that do not go together (another order, size or type) are then an error that names both, instead of
    /// a hang or wrong numbers. For looking for errors in one's own program: each call costs a round trip to rank 0.
    /// </summary>
    /// <value>False unless set.</value>
    public bool CheckCalls { get; init; }

    /// <summary>
    /// Whether ranks of one host meet in memory that they share, where they reduce directly in each other's buffers. Without, everything goes through MPI.
    /// </summary>
    /// <value>True unless set.</value>
    public bool SharedMemory { get; init; } = true;

    /// <summary>How long the program may take to end by itself after a process was lost. Then it is ended with exit code 3.</summary>
    /// <value>At least 0; 1.5 seconds unless set.</value>
    /// <exception cref="InvalidValueException">The value is negative.</exception>
    public TimeSpan Grace { get; init => field = Require.That(nameof(ClusterOptions), value, value >= TimeSpan.Zero, "at least 0"); } = TimeSpan.FromSeconds(1.5);

    /// <summary>Where the report on a lost process goes if the program can't print it itself.</summary>
    /// <value>The console's error stream unless set.</value>
    public TextWriter Output { get; init; } = Console.Error;
}
