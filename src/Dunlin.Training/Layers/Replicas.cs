using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>The workers that build the same model, each for its share of the examples of one batch.</summary>
/// <param name="Axis">The mesh axis that collective operations name.</param>
/// <param name="Count">How many workers, this one included.</param>
/// <param name="Weight">A scalar: this worker's part of the batch; 0 where it has none and its examples must not count.</param>
/// <param name="JoinBatchNorm">Whether every batch normalisation takes the statistics of all workers' examples.</param>
public sealed record Replicas(string Axis, int Count, Value Weight, bool JoinBatchNorm = false);

/// <summary>What a variable that each worker changes by its own examples is to all workers together.</summary>
public enum Agreement
{
    /// <summary>Each worker has its own; the first worker's is the model's.</summary>
    First,
    /// <summary>The model's is the mean over the workers, weighted by their examples in the last step.</summary>
    Mean,
    /// <summary>All workers compute the same, also those whose own examples do not count.</summary>
    Equal,
}
