namespace Dunlin.Training;

/// <summary>Is told how a training run goes. All members do nothing unless overridden.</summary>
public interface ITrainingObserver
{
    /// <summary>Before the first step.</summary>
    void Started(TrainingPlan plan) { }

    /// <summary>After each step. Must be quick; the report is reused.</summary>
    void Stepped(in StepReport report) { }

    /// <summary>After each epoch and its validation.</summary>
    void EpochEnded(EpochReport report) { }

    /// <summary>After a checkpoint is safely on disk.</summary>
    void CheckpointSaved(string directory, long step) { }

    /// <summary>Something went wrong that does not end the run: a full disk, a corrupt checkpoint that was passed over.</summary>
    void Warned(string message) { }

    /// <summary>When the run has ended without an error.</summary>
    void Ended(TrainingResult result) { }
}

/// <summary>What a run is about to do.</summary>
/// <param name="Epochs">Passes over the data.</param>
/// <param name="StepsPerEpoch">Steps of each.</param>
/// <param name="FirstStep">Steps that were done before, by the run that this one resumes.</param>
/// <param name="BatchSize">Examples a step, over all workers.</param>
/// <param name="Workers">Workers.</param>
/// <param name="ThreadsPerWorker">Threads of each worker's kernels.</param>
/// <param name="Kernels">The kernel set's name.</param>
/// <param name="Parameters">Trainable numbers of the model.</param>
/// <param name="ResumedFrom">The checkpoint that the run goes on from, or null.</param>
/// <param name="MetricNames">The loss and the metrics, in the order of <see cref="StepReport.Metrics"/>.</param>
public sealed record TrainingPlan(int Epochs, int StepsPerEpoch, long FirstStep, int BatchSize, int Workers, int ThreadsPerWorker,
    string Kernels, long Parameters, string? ResumedFrom, IReadOnlyList<string> MetricNames)
{
    /// <summary>Steps of the whole run, those before a resume included.</summary>
    public long TotalSteps => (long)Epochs * StepsPerEpoch;
}

/// <summary>One step.</summary>
/// <param name="Step">Steps done, this one included.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Examples">Examples of this step, over all workers.</param>
/// <param name="Metrics">The loss and the metrics over the step's whole batch; valid during the call.</param>
public readonly ref struct StepReport(long Step, long Epoch, int Examples, ReadOnlySpan<double> Metrics)
{
    /// <summary>Steps done, this one included.</summary>
    public long Step { get; } = Step;

    /// <summary>The epoch, from 0.</summary>
    public long Epoch { get; } = Epoch;

    /// <summary>Examples of this step, over all workers.</summary>
    public int Examples { get; } = Examples;

    /// <summary>The loss and the metrics over the step's whole batch, as <see cref="TrainingPlan.MetricNames"/> says.</summary>
    public ReadOnlySpan<double> Metrics { get; } = Metrics;

    /// <summary>The loss.</summary>
    public double Loss => Metrics[0];
}

/// <summary>One epoch.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Training">The means over the epoch's steps, by name.</param>
/// <param name="Validation">The means over the validation data, by name; empty without such data.</param>
/// <param name="Seconds">How long the epoch's steps took.</param>
/// <param name="ItemsPerSecond">Training examples a second.</param>
/// <param name="IsBest">Whether the monitored metric is better than in all epochs before.</param>
public sealed record EpochReport(long Epoch, long Step, IReadOnlyDictionary<string, double> Training, IReadOnlyDictionary<string, double> Validation,
    double Seconds, double ItemsPerSecond, bool IsBest);

/// <summary>Why a run ended.</summary>
public enum EndReason
{
    /// <summary>All epochs are done.</summary>
    Completed,
    /// <summary>The monitored metric had stopped getting better.</summary>
    EarlyStop,
    /// <summary>Somebody asked for it; a checkpoint was saved.</summary>
    Stopped,
    /// <summary>No further step lowers the loss, or its gradient is as short as was asked for: where steps are over all of the data.</summary>
    Converged,
}

/// <summary>How a run ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Epochs">What each epoch of this run reported.</param>
/// <param name="LastCheckpoint">The newest checkpoint's directory, or null.</param>
/// <param name="BestCheckpoint">The best checkpoint's directory, or null.</param>
/// <param name="Weights">
/// The model's variables, by name, as they are now, on every process; where the update is done on parameter servers, on that of worker 0. It is the memory that the run had, no copy: variables that lay in files
/// (<see cref="TrainerOptions.LargeVariables"/>) do so until nobody holds their tensors.
/// </param>
public sealed record TrainingResult(EndReason Reason, long Steps, IReadOnlyList<EpochReport> Epochs, string? LastCheckpoint, string? BestCheckpoint,
    IReadOnlyDictionary<string, Dunlin.Tensors.Tensor> Weights)
{
    /// <summary>Where the time and memory of <see cref="TrainerOptions.Profile"/>'s steps went, on worker 0; null without such.</summary>
    public RunProfile? Profile { get; init; }

    /// <summary>The last epoch's validation means, or its training means without validation data; empty if no epoch ended.</summary>
    public IReadOnlyDictionary<string, double> Metrics => Epochs.Count == 0 ? new Dictionary<string, double>()
        : Epochs[^1].Validation.Count > 0 ? Epochs[^1].Validation : Epochs[^1].Training;
}
