using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Training;

/// <summary>
/// How a training run is spread over workers. Every worker runs the same program: the strategy starts them, and may rewrite the
/// gradients of the graph that each of them builds.
/// </summary>
public interface ITrainingStrategy
{
    /// <summary>What users call it, such as <c>data-parallel</c>.</summary>
    string Name { get; }

    /// <summary>How many workers there are, at least 1.</summary>
    int Workers { get; }

    /// <summary>How many of them live in this process, at least 1.</summary>
    int LocalWorkers => Workers;

    /// <summary>Runs the program once for each worker that lives in this process and returns when all have ended.</summary>
    /// <param name="program">What each worker does.</param>
    /// <exception cref="DunlinException">A worker failed: the first error in time, with the worker's rank.</exception>
    void Run(Action<IWorker> program);
}

/// <summary>A worker's part of the batches.</summary>
/// <param name="Fed">What is fed: values whose first dimension is the examples, at least one.</param>
/// <param name="Weight">A scalar: the part of the batch that is this worker's; 0 where it has none and runs the step on an example that must not count.</param>
/// <param name="Largest">The most examples that any worker of the run takes at once, at least 1.</param>
public sealed record WorkerShare(IReadOnlyList<Value> Fed, Value Weight, int Largest)
{
    /// <summary>The type that a value has on a worker with the largest share. Lengths that depend on elements are unknown.</summary>
    public TensorType LargestType(Value value) => ShapeInference.Of(value, [.. Fed.Select(f => (f, f.Shape.With(0, Largest)))]);

    /// <summary>The row numbers of a sparse gradient that count: where the worker has no examples, −1 for all. To an optimiser a row of zeros is one that moves.</summary>
    public Value NumbersOf(Gradient gradient) => Operations.Select(Weight > 0, gradient.Indices!, gradient.Indices!.Number(-1));

    /// <summary>The rows of a sparse gradient that count, each number once; the others have the number −1.</summary>
    public (Value Numbers, Value Rows) RowsOf(Gradient gradient) => Operations.SumDuplicateRows(NumbersOf(gradient), gradient.Values);
}

/// <summary>One worker of a training run, and how it meets the others.</summary>
public interface IWorker
{
    /// <summary>From 0 to the number of workers − 1; worker 0 reports and saves.</summary>
    int Rank { get; }

    /// <summary>All workers.</summary>
    ICommunicator Communicator { get; }

    /// <summary>Microseconds to add to this worker's clock for worker 0's time; 0 where they share a clock.</summary>
    double ClockOffset => 0;

    /// <summary>The mesh axis that collective operations of the graph may name.</summary>
    string Axis { get; }

    /// <summary>
    /// Turns this worker's gradients into those of the whole batch. Each worker's loss is weighted by its share of the batch, so a
    /// sum over the workers is the gradient of the mean loss.
    /// </summary>
    /// <param name="gradients">One for each trainable variable that the loss depends on.</param>
    /// <param name="share">What the gradients are computed from.</param>
    /// <returns>
    /// One for each of <paramref name="gradients"/>, equal on all workers. A sparse one may have rows with the number −1, which name none; it goes to a <see cref="Parameter"/>, which knows them.
    /// </returns>
    IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share);

    /// <summary>New elements for variables that <see cref="Combine"/> made (<see cref="OwnState"/>), to be assigned with the update.</summary>
    IReadOnlyList<(Variable Variable, Value Value)> Updates => [];

    /// <summary>Sums scalars over the workers, within the graph.</summary>
    IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars);

    /// <summary>Where the update is done, if not in the worker's step; null where it is part of that.</summary>
    IRemoteUpdate? Remote => null;

    /// <summary>Among how many workers each batch is shared out.</summary>
    int Shares => Communicator.Size;

    /// <summary>How the workers exchange pieces, where each holds only its own of the optimiser's state, the gradients or the weights; null where each holds all.</summary>
    IShards? Shards => null;
}
