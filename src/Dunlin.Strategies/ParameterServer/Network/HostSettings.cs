namespace Dunlin.Strategies;

/// <summary>What a <see cref="ServerHost"/> needs to know of its run.</summary>
internal sealed record HostSettings
{
    /// <summary>Which server this is.</summary>
    public required int Number { get; init; }

    /// <summary>Of how many.</summary>
    public required int Servers { get; init; }

    /// <summary>How many workers there are.</summary>
    public required int Workers { get; init; }

    /// <summary><see cref="ServedModel.Description"/>, and the protocol.</summary>
    public required string Description { get; init; }

    /// <summary>What is given as the gradients of its slices.</summary>
    public required IReadOnlyList<GradientForm> Forms { get; init; }

    /// <summary>How many updates a step of all workers makes.</summary>
    public required long UpdatesPerStep { get; init; }

    /// <summary>How long a worker that is gone may stay away.</summary>
    public required TimeSpan Grace { get; init; }

    /// <summary>How long those are waited for who have not come.</summary>
    public required TimeSpan FirstWait { get; init; }

    /// <summary>How long a server waits while nobody is connected.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>After how many bytes of log, beyond those of the weights and the state, a snapshot takes its place.</summary>
    public long SnapshotAfter { get; init; } = 256 << 20;

    /// <summary>Is told now and then how many steps are done; nobody unless set.</summary>
    public Action<long>? Steps { get; init; }

    /// <summary>Is told who comes, goes and is refused.</summary>
    public required Action<string> Log { get; init; }
}
