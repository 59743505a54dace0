namespace Dunlin.Communication;

/// <summary>The program of one rank failed; the error it threw is the inner exception.</summary>
public sealed class RankFailedException : DunlinException
{
    /// <summary>Creates the error.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="cause">What it threw.</param>
    /// <param name="note">More for the message, or empty.</param>
    public RankFailedException(int rank, Exception cause, string note = "") : base($"Rank {rank} failed: {cause.Message}{note}", cause) => Rank = rank;

    /// <summary>The rank that failed first in time.</summary>
    public int Rank { get; }
}
