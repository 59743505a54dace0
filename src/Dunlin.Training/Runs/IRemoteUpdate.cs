using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>What a worker learns whose update is done elsewhere.</summary>
/// <param name="Session">Holds the worker's own copy of the weights, and in variables that its steps do not use, room for the optimiser's state; without those, the state begins anew and is not brought back.</param>
/// <param name="Learned">The trained variables, and how their gradients look: dense, or rows.</param>
/// <param name="Optimizer">What changes the weights.</param>
public sealed record RemoteModel(Session Session, IReadOnlyList<(Variable Variable, Gradient Gradient)> Learned, Optimizer Optimizer)
{
    /// <summary>The numbers of those of the learned variables that the worker has no copy of: it fetches the rows that a step reads (<see cref="IRemoteUpdate.Fetch"/>).</summary>
    public IReadOnlySet<int> Tables { get; init; } = new HashSet<int>();

    /// <summary>The numbers of weights of classes whose scores and gradients are computed where they are (<see cref="DistantSoftmax"/>): the worker has no copy of them, and gives no gradient away.</summary>
    public IReadOnlySet<int> Classes { get; init; } = new HashSet<int>();
}

/// <summary>Rows that a step is to read.</summary>
/// <param name="Learned">The number of the table among the learned variables.</param>
/// <param name="Numbers">The rows' numbers, Int32 or Int64, of any shape.</param>
/// <param name="Rows">Where they are to go: the numbers' shape, and then a row's.</param>
public readonly record struct RowRequest(int Learned, Tensor Numbers, Tensor Rows);

/// <summary>Where a worker is in its data.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Batch">The batch within it that comes next.</param>
public readonly record struct RunPosition(long Step, long Epoch, int Batch);

/// <summary>
/// Where the update is no part of a worker's step, but done elsewhere, from gradients that it gives away: on parameter servers. Such workers go at paces of their own, each with batches of its own; worker 0 reports,
/// measures and saves what the servers hold. All is called by the worker's thread.
/// </summary>
public interface IRemoteUpdate : IDistantClasses
{
    /// <summary>Where this process is no worker's, but where the update is done: does it until the workers have ended. The program is the same, so this is called instead of <see cref="Begin"/> and of all steps.</summary>
    /// <param name="model">What is learned: the same as on all workers; what its session holds is not used.</param>
    /// <param name="stop">Asks for an orderly end: all workers are asked to stop.</param>
    /// <returns>Whether this was such a process; false, at once, on workers.</returns>
    bool Serve(RemoteModel model, CancellationToken stop) => false;

    /// <summary>How the weights are moved where that takes the gradient over all data; null where it takes that of a batch, as <see cref="Step"/> gives it.</summary>
    IWholeDataUpdate? WholeData => null;

    /// <summary>Joins the others, with the weights that worker 0 has made or loaded; its copy then holds them.</summary>
    /// <param name="model">What is learned: the same on all workers.</param>
    /// <param name="position">Where worker 0 begins; that of others does not matter.</param>
    /// <returns>Where this worker begins.</returns>
    RunPosition Begin(RemoteModel model, RunPosition position);

    /// <summary>Whether a worker need not have a copy of tables of which its steps read rows only.</summary>
    bool HasTables { get; }

    /// <summary>Fetches rows of such tables, before the step that reads them.</summary>
    void Fetch(ReadOnlySpan<RowRequest> requests);

    /// <summary>Gives a gradient away, and brings the copy of the weights to what the next step is to use.</summary>
    /// <param name="gradients">Of each learned variable the gradient's elements, or its rows; of the mean loss over this worker's examples. Those of <see cref="RemoteModel.Classes"/> are not looked at.</param>
    /// <param name="rows">The numbers of the rows; null where dense.</param>
    /// <param name="examples">How many, at least 0.</param>
    /// <remarks>With <see cref="WholeData"/>, it is part of a piece that is computed, and the copy stays.</remarks>
    void Step(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples);

    /// <summary>Steps of the run that this worker has done, or that the others have done without it: it passes over the batches that it would have had in those.</summary>
    long StepsDone { get; }

    /// <summary>Brings weights and the optimiser's state, as they are where the update is done, to the copy. Called by worker 0 before it measures or saves.</summary>
    void Collect();

    /// <summary>Brings the copy back to what the next step is to use, after it was measured and saved.</summary>
    void Continue();

    /// <summary>Asks all workers to end after their steps.</summary>
    void Stop();

    /// <summary>Whether one was asked to.</summary>
    bool IsStopping { get; }

    /// <summary>This worker has done its last step; worker 0 waits until the others have.</summary>
    void End();
}
