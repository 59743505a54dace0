using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>What a training run consists of besides the model, the loss and the optimiser.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training data.</summary>
    /// <value>At least 1; 1 unless set.</value>
    public int Epochs { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 1); } = 1;

    /// <summary>Examples of one step, over all workers together.</summary>
    /// <value>At least 1; 64 unless set.</value>
    public int BatchSize { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 1); } = 64;

    /// <summary>
    /// Into how many micro-batches each worker cuts its share of a step's batch: their gradients are summed before the one exchange and update of the step, so that a large batch takes the memory of a
    /// small one. The update is that of the whole batch, to rounding, where examples do not depend on each other (batch normalisation takes the statistics of each micro-batch); dropout draws other masks.
    /// </summary>
    /// <value>At least 1; 1 unless set. A worker with fewer examples than that makes fewer micro-batches.</value>
    public int GradientAccumulationSteps { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 1); } = 1;

    /// <summary>
    /// Whether every <see cref="Layers.BatchNorm"/> of the model takes the statistics of all workers' examples, as those of one worker with the whole batch, instead of its own worker's. It costs two
    /// small collectives a layer and step; nothing with one worker.
    /// </summary>
    public bool SyncBatchNorm { get; init; }

    /// <summary>Examples of one validation step, over all workers together.</summary>
    /// <value>At least 1; 256 unless set.</value>
    public int ValidationBatchSize { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 1); } = 256;

    /// <summary>The seed of everything random: first weights, order of the data, augmentation, dropout.</summary>
    public ulong Seed { get; init; }

    /// <summary>Random changes of the training examples.</summary>
    public IReadOnlyList<Augmentation> Augmentations { get; init; } = [];

    /// <summary>How the run is spread over workers.</summary>
    /// <value>One worker unless set.</value>
    public ITrainingStrategy Strategy { get; init; } = new SingleWorker();

    /// <summary>Where heavy kernels come from.</summary>
    public IKernelSet Kernels { get; init; } = KernelSets.Default;

    /// <summary>
    /// The element type in which products, and what lies between them, are computed. With BFloat16 (mixed precision) a step of a large network takes about half the time and memory on
    /// processors that multiply such numbers, see <see cref="IKernelSet.Multiplies"/>; weights, their gradients, losses, statistics and updates stay Float32, and so do checkpoints.
    /// </summary>
    /// <value>Float32 or BFloat16; Float32 unless set.</value>
    public DType Precision { get; init => field = Precisions.Checked(nameof(TrainerOptions), value); } = DType.Float32;

    /// <summary>
    /// Keeps large variables of the workers, weights and state of the optimiser, in files that are mapped into memory. With parameter servers over processes, tables may so be larger than the memory of worker 0, which brings their first rows,
    /// and collects them to measure and save; the others keep none of them.
    /// </summary>
    /// <value>All variables are in memory unless set.</value>
    public LargeVariables? LargeVariables { get; init; }

    /// <summary>Threads of each worker's kernels.</summary>
    /// <value>At least 1; this machine's processors divided among the workers unless set.</value>
    public int? ThreadsPerWorker { get; init => field = value is { } threads ? Require.AtLeast(nameof(TrainerOptions), threads, 1, nameof(ThreadsPerWorker)) : null; }

    /// <summary>The directory for checkpoints, metrics and curves; nothing is written without one.</summary>
    public string? RunDirectory { get; init; }

    /// <summary>Steps between checkpoints, besides one after each epoch; 0 for none between.</summary>
    public int CheckpointEvery { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 0); }

    /// <summary>How many of the newest checkpoints are kept, besides the best.</summary>
    /// <value>At least 1; 3 unless set.</value>
    public int KeepCheckpoints { get; init => field = Require.AtLeast(nameof(TrainerOptions), value, 1); } = 3;

    /// <summary>Whether to go on from the newest good checkpoint of <see cref="RunDirectory"/>, if there is one.</summary>
    public bool Resume { get; init; }

    /// <summary>The validation metric by which the best checkpoint is kept and early stopping decides; the loss (lower is better) unless set.</summary>
    public string? Monitor { get; init; }

    /// <summary>Ends the run after this many epochs in a row without a better <see cref="Monitor"/>; null for never.</summary>
    /// <value>At least 1, where there is one.</value>
    public int? EarlyStopPatience { get; init => field = value is { } epochs ? Require.AtLeast(nameof(TrainerOptions), epochs, 1, nameof(EarlyStopPatience)) : null; }

    /// <summary>Ends the run after this many steps, wherever that is; null for no limit.</summary>
    /// <value>At least 1, where there is one.</value>
    public long? MaxSteps { get; init => field = value is { } steps ? Require.AtLeast(nameof(TrainerOptions), steps, 1, nameof(MaxSteps)) : null; }

    /// <summary>Which steps are profiled; null for none. The profile is <see cref="TrainingResult.Profile"/>, and is written to <see cref="RunDirectory"/> if there is one.</summary>
    public ProfileOptions? Profile { get; init; }

    /// <summary>Are told how the run goes, on worker 0's thread.</summary>
    public IReadOnlyList<ITrainingObserver> Observers { get; init; } = [];

    /// <summary>The clock for reports.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Threads of each worker's kernels, chosen or usual.</summary>
    internal int Threads => ThreadsPerWorker ?? Math.Max(1, Environment.ProcessorCount / Strategy.LocalWorkers);
}
