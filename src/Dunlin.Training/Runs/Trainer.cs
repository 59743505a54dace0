using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>Trains a model: a loop of steps over shuffled, sharded batches, with validation, checkpoints and reports.</summary>
public sealed class Trainer
{
    private readonly TrainingRecipe _recipe;

    /// <summary>Describes the run; nothing happens yet.</summary>
    /// <param name="recipe">Model, loss, optimiser and metrics.</param>
    /// <param name="options">Everything else.</param>
    public Trainer(TrainingRecipe recipe, TrainerOptions? options = null) => (_recipe, Options) = (recipe, options ?? new());

    /// <summary>How the run goes.</summary>
    public TrainerOptions Options { get; }

    /// <summary>Runs to the end, or until stopped, and measures on the test examples after each epoch.</summary>
    /// <param name="data">The first field is the model's input, the second the target.</param>
    /// <param name="stop">Asks for an orderly end: the step is finished and a checkpoint saved.</param>
    /// <inheritdoc cref="Fit(IDataset, IDataset?, CancellationToken)"/>
    public TrainingResult Fit(TrainTest data, CancellationToken stop = default) => Fit(data.Train, data.Test, stop);

    /// <summary>Runs to the end, or until stopped.</summary>
    /// <param name="training">The first field is the model's input, the second the target.</param>
    /// <param name="validation">Measured after each epoch; may be null.</param>
    /// <param name="stop">Asks for an orderly end: the step is finished and a checkpoint saved.</param>
    /// <exception cref="NonFiniteException">The loss became NaN or infinite; the message names the step and the first such operation.</exception>
    /// <exception cref="DunlinException">Data and model do not fit, or a worker failed.</exception>
    public TrainingResult Fit(IDataset training, IDataset? validation = null, CancellationToken stop = default)
    {
        TrainingResult? result = null;
        // Before the workers start: later each would measure what the others leave.
        var ceiling = Options.Profile is null ? null : MachineCeiling.Measure(Options.Threads * Options.Strategy.LocalWorkers).Of(Options.Threads);
        Options.Strategy.Run(worker =>
        {
            using var run = new TrainingRun(_recipe, Options, worker, training, validation, ceiling, stop);
            var own = run.Execute();
            // All workers have the same result but for what worker 0 alone has written; other processes return that of one of theirs.
            if (worker.Rank == 0) Volatile.Write(ref result, own);
            else Interlocked.CompareExchange(ref result, own, null);
        });
        return result!;
    }
}
