using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Groups whose ranks are threads of this process and reduce directly in each other's buffers.</summary>
/// <remarks>
/// There are no helper threads: starting an operation only posts its buffers, and the threads that wait do the work, so an operation
/// for which nobody waits makes no progress. The work is cut into chunks that any waiting rank may take; each chunk is reduced in the
/// order of the ranks, so the bits of a result depend neither on timing nor on who did the work.
/// BFloat16 and Float16 are reduced in Float32 and rounded once. UInt8, Int32 and Int64 wrap around. Of Bool, Sum and Max are "or",
/// Product and Min are "and". Min and Max of floats hand on NaN.
/// A failure anywhere (an abort, a rank that leaves while it is waited for, mismatched calls, a time-out) fails the group and all groups
/// split from the same origin: every later call throws the first reason.
/// </remarks>
public static class LocalGroup
{
    /// <summary>The communicators of a new group, one for each rank. Each is used by one thread at a time.</summary>
    /// <param name="size">Ranks, at least 1.</param>
    /// <param name="options">Defaults unless given.</param>
    public static IReadOnlyList<ICommunicator> Create(int size, LocalOptions? options = null)
    {
        Require.AtLeast(nameof(LocalGroup), size, 1);
        var team = new LocalTeam(new LocalWorld(size, options ?? new()), [.. Enumerable.Range(0, size)], isWorld: true);
        return [.. Enumerable.Range(0, size).Select(rank => new LocalCommunicator(team, rank))];
    }

    /// <summary>A rank alone whose steps somebody is told of.</summary>
    internal static ICommunicator CreateAlone(Action<long>? steps) => new LocalCommunicator(new LocalTeam(new LocalWorld(1, new()), [0], isWorld: true), 0) { Steps = steps };
}
