using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>What workers that train one model together hold only a piece of, each another: the stages of ZeRO (Rajbhandari et al., 2020), the last of which is also known as fully sharded data parallelism (FSDP).</summary>
public enum ShardingStage
{
    /// <summary>Nothing: each worker holds all.</summary>
    None,
    /// <summary>The optimiser's state (ZeRO 1).</summary>
    OptimizerState,
    /// <summary>The optimiser's state and the gradients (ZeRO 2).</summary>
    Gradients,
    /// <summary>The optimiser's state, the gradients and the weights (ZeRO 3, FSDP).</summary>
    Parameters,
}

/// <summary>How workers meet that hold pieces (<see cref="Cut"/>): what a strategy adds to the graph. Every worker adds the same, in the same order.</summary>
public interface IShards
{
    /// <summary>What is cut into pieces; not <see cref="ShardingStage.None"/>.</summary>
    ShardingStage Sharding { get; }

    /// <summary>The mesh axis along which the pieces lie.</summary>
    string Axis { get; }

    /// <summary>This worker, whose the pieces of that number are.</summary>
    int Rank { get; }

    /// <summary>How many workers there are.</summary>
    int Ranks { get; }

    /// <summary>This worker's pieces of the sums over all workers.</summary>
    /// <param name="gradients">Dense ones.</param>
    IReadOnlyList<Value> Scatter(IReadOnlyList<Value> gradients);

    /// <summary>The tensors of which every worker has its piece.</summary>
    /// <param name="pieces">This worker's pieces.</param>
    /// <param name="cuts">How each tensor is cut.</param>
    IReadOnlyList<Value> Gather(IReadOnlyList<Value> pieces, IReadOnlyList<Cut> cuts);

    /// <summary>Which of some tensors travel together, where they are needed in this order.</summary>
    /// <returns>Their places in the list, group by group; tensors of a group have one element type.</returns>
    IReadOnlyList<IReadOnlyList<int>> Groups(IReadOnlyList<TensorType> tensors);
}
