using Dunlin.Communication;

namespace Dunlin.Strategies;

/// <summary>What a process of a run does whose parameter servers and workers are processes of their own.</summary>
public enum ServerProcessRole
{
    /// <summary>It holds some of the weights.</summary>
    Server,
    /// <summary>It trains.</summary>
    Worker,
}

/// <summary>
/// Parameter servers and workers as processes of their own, on one machine or several: all run the same program with the same values, but for the role and the number. Worker 0 brings the first weights, reports and saves.
/// </summary>
public sealed record ServerProcesses
{
    /// <summary>What this process does.</summary>
    public required ServerProcessRole Role { get; init; }

    /// <summary>Which of the servers, or of the workers, this process is.</summary>
    /// <value>At least 0.</value>
    /// <exception cref="InvalidValueException">The value is negative.</exception>
    public required int Number { get; init => field = Require.AtLeast(nameof(ServerProcesses), value, 0); }

    /// <summary>Where the servers listen, in the order of their numbers: host:port each. As many servers there are.</summary>
    public required IReadOnlyList<string> Servers { get; init; }

    /// <summary>What only processes of this run know: at least 16 characters. It is never sent.</summary>
    public required string Token { get; init; }

    /// <summary>Certificates; null where all connections stay within this machine.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Where this server listens, if not where the workers reach it: <c>*:7070</c> is port 7070 of all addresses of the machine.</summary>
    public string? Listen { get; init; }

    /// <summary>How long a worker tries to reach a server, at first and when a connection breaks, before it gives up.</summary>
    /// <value>Above 0; 60 s unless set.</value>
    /// <exception cref="InvalidValueException">The value is not positive.</exception>
    public TimeSpan Reconnect { get; init => field = Require.That(nameof(ServerProcesses), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromSeconds(60);

    /// <summary>How long a worker whose connection is gone may stay away before nobody waits for it any more. It may come back later all the same.</summary>
    /// <value>Above 0; 10 s unless set.</value>
    /// <exception cref="InvalidValueException">The value is not positive.</exception>
    public TimeSpan Grace { get; init => field = Require.That(nameof(ServerProcesses), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromSeconds(10);

    /// <summary>How long the others wait for workers that have not come yet, from when worker 0 has brought the weights.</summary>
    /// <value>Above 0; 60 s unless set.</value>
    /// <exception cref="InvalidValueException">The value is not positive.</exception>
    public TimeSpan FirstWait { get; init => field = Require.That(nameof(ServerProcesses), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A directory where this server writes down what it takes before it acknowledges it: one that was killed goes on from there when it is started again, with nothing lost, while its workers try to reach it for <see cref="Reconnect"/>.
    /// It needs room for four times the weights and the state, and half a gigabyte; each gradient is written once. The log is removed when the run ends.
    /// </summary>
    /// <value>Null unless set: nothing is kept, and when a server dies the run ends.</value>
    public string? LogDirectory { get; init; }

    /// <summary>Is told who comes, goes and is refused, a line each; nobody unless set.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Where a launcher has started all processes, what they told each other by it; null where the user has said all.</summary>
    internal ServerMeeting? Meeting { get; init; }

    /// <summary>The token stays out of what is printed.</summary>
    public override string ToString() => $"{Role} {Number} of the servers {string.Join(", ", Servers)}";
}
