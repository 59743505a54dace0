using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Which examples of an epoch's order one rank takes in one step.</summary>
/// <param name="Begin">The first position in the order.</param>
/// <param name="Count">How many positions; may be 0.</param>
/// <param name="GlobalOffset">Where the share begins in the global batch.</param>
/// <param name="GlobalCount">How many examples all ranks take together.</param>
internal readonly record struct BatchShare(int Begin, int Count, int GlobalOffset, int GlobalCount)
{
    /// <summary>Steps of one epoch.</summary>
    public static int Steps(int examples, int batchSize, bool dropLast) =>
        dropLast ? examples / batchSize : (int)((examples + (long)batchSize - 1) / batchSize);

    /// <summary>Step s takes the positions from s · B on, at most B of them; rank r takes a contiguous part of these.</summary>
    public static BatchShare Of(int examples, int batchSize, int step, int rank, int ranks)
    {
        var begin = step * batchSize;
        var globalCount = Math.Min(batchSize, examples - begin);
        var (low, high) = ThreadTeam.Share(globalCount, rank, ranks);
        return new BatchShare(begin + (int)low, (int)(high - low), (int)low, globalCount);
    }
}
