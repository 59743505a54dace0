using Dunlin.Communication;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc;

/// <summary>
/// The one place where this lecture says what a rank is: a thread of this process. Everything else sees an <see cref="ICommunicator"/>, and would not notice if ranks were processes on many machines.
/// </summary>
public static class Team
{
    /// <summary>Runs a program on several ranks.</summary>
    /// <returns>What each rank returned, by rank.</returns>
    public static T[] Run<T>(int ranks, Func<ICommunicator, T> program) => LocalRanks.Run(ranks, program);
}
