namespace Dunlin.Training;

/// <summary>Computes a piece of the data at the weights of the worker's copy: each batch of it is a <see cref="IRemoteUpdate.Step"/>.</summary>
/// <param name="piece">From 0.</param>
/// <param name="measures">Takes the loss and the metrics: their sums over the piece's examples, by the number of examples of all pieces. What is not a number says that there is no loss at these weights.</param>
public delegate void PieceWork(int piece, Span<double> measures);

/// <summary>
/// Where a step takes the loss and its gradient over all of the data, as L-BFGS does: the data are cut into pieces, many more than there are workers, and each takes the next when it is through with one. All workers call
/// <see cref="Prepare"/>; worker 0 then <see cref="Iterate"/> again and again, and the others <see cref="Help"/>.
/// </summary>
public interface IWholeDataUpdate
{
    /// <summary>Of how many batches a piece consists: at least 1.</summary>
    int BatchesPerPiece { get; }

    /// <summary>Says what is to be computed.</summary>
    /// <param name="pieces">How many pieces there are.</param>
    /// <param name="examples">How many examples they have together.</param>
    /// <param name="measures">How many numbers each gives.</param>
    /// <param name="work">Computes one.</param>
    void Prepare(int pieces, long examples, int measures, PieceWork work);

    /// <summary>Takes a step, for which the function is evaluated once or more. Called by worker 0.</summary>
    /// <param name="measures">Takes the loss and the metrics where the step has led.</param>
    /// <returns>False where there is no step to take: the gradient is as short as is asked for, or no step lowers the loss.</returns>
    /// <exception cref="DunlinException">The loss is not finite where the run begins.</exception>
    bool Iterate(Span<double> measures);

    /// <summary>Computes pieces until worker 0 takes no more steps. Called by the others.</summary>
    void Help();
}
