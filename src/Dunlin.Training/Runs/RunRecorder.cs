using System.Globalization;
using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Reports;

namespace Dunlin.Training;

/// <summary>
/// What a run leaves behind: checkpoints, metrics, curves and reports. Worker 0 writes and reports; the others only load. Every worker
/// keeps the same account of the best epoch, so all stop early together.
/// </summary>
internal sealed class RunRecorder : IDisposable
{
    private const string ModelGroup = "model", StateGroup = "optimizer", BadEpochs = "epochs-without-improvement", BestStep = "best-step", BatchSize = "batch-size";

    private readonly TrainerOptions _options;
    private readonly IWorker _worker;
    private readonly TrainingGraph _graph;
    private readonly CheckpointStore? _store;
    private readonly bool _higherIsBetter;
    private readonly string _monitor;
    private readonly ITrainingObserver[] _observers;
    private readonly List<EpochReport> _epochs = [];
    private readonly double[] _sums;
    private MetricsLog? _log;
    private double? _best;
    private long? _bestStep;
    private double? _lastMetric;
    private int _badEpochs;
    private long _lastSaved = -1;
    private long _examples;
    private long _began;

    public RunRecorder(TrainingRecipe recipe, TrainerOptions options, IWorker worker, TrainingGraph graph)
    {
        (_options, _worker, _graph) = (options, worker, graph);
        _observers = [.. options.Observers];
        _monitor = options.Monitor ?? graph.MetricNames[0];
        if (!graph.MetricNames.Contains(_monitor))
            throw new DunlinException($"The run is to monitor '{_monitor}', but it measures {string.Join(", ", graph.MetricNames)}.");
        _higherIsBetter = recipe.Metrics.FirstOrDefault(m => m.Name == _monitor)?.HigherIsBetter ?? false;
        _sums = new double[graph.MetricNames.Count];
        // Of workers whose update is done elsewhere, the first alone saves, and the others begin where it does.
        if (options.RunDirectory is not { } directory || (worker.Remote is not null && worker.Rank != 0)) return;
        _store = new CheckpointStore(Path.Combine(directory, "checkpoints"), new CheckpointOptions
        {
            KeepLast = options.KeepCheckpoints,
            KeepBest = _higherIsBetter ? BestMetric.Highest : BestMetric.Lowest,
            ReadOnly = worker.Rank != 0,
            Warn = worker.Rank == 0 ? Warn : null,
        });
    }

    /// <summary>Steps that were done before this run.</summary>
    public long ResumedStep { get; private set; }

    /// <summary>The newest complete checkpoint, or null.</summary>
    public string? LastCheckpoint { get; private set; }

    /// <summary>Whether the run saves checkpoints.</summary>
    public bool IsSaving => _store is not null;

    public bool ShouldStopEarly => _badEpochs >= _options.EarlyStopPatience;

    /// <summary>Loads the newest good checkpoint, if asked to.</summary>
    /// <returns>The epoch and the batch within it that come next.</returns>
    public (long Epoch, int Batch) Resume()
    {
        if (_store is null) return (0, 0);
        if (!_options.Resume)
        {
            if (_store.Steps.Count > 0)
                throw new DunlinException($"{_options.RunDirectory} holds checkpoints of an earlier run, up to step {_store.Steps[^1]}; resume it, or choose another run directory.");
            // No worker may save before all have looked.
            _worker.Communicator.StartBarrier().Wait();
            return (0, 0);
        }
        var latest = _store.LoadLatest();
        AgreeOn(latest?.State.Step);
        if (latest is not { } checkpoint)
        {
            if (_worker.Rank == 0) Warn($"There is no checkpoint in {_options.RunDirectory} to go on from: the run begins anew.");
            return (0, 0);
        }
        if (checkpoint.State.RandomCounters.TryGetValue("seed", out var seed) && seed != _options.Seed)
            throw new DunlinException($"The checkpoint {checkpoint.Directory} belongs to a run with seed {seed}, not {_options.Seed}; resume with that seed.");
        if (checkpoint.State.BatchInEpoch is > 0 and var batches && Note(checkpoint.State, BatchSize) is { } size && size != _options.BatchSize)
            throw new DunlinException($"The checkpoint {checkpoint.Directory} was saved in the middle of epoch {checkpoint.State.Epoch}, after {batches} batches of {size} examples. With batches of {_options.BatchSize} "
                + $"the rest of the epoch would not be the examples that are left; resume with a batch size of {size}, and change it where an epoch ends.");
        foreach (var group in Groups.Where(g => g.Owner is null))
        {
            using var tensors = checkpoint.Open(group.Name);
            Variables.Load(_graph.Session, group.Variables, tensors, checkpoint.Directory, _worker.Rank);
        }
        if (!OwnState.Load(_graph.Session, checkpoint, _worker.Communicator))
            Warn($"The checkpoint {checkpoint.Directory} does not hold what each of {_worker.Communicator.Size} workers kept for itself, such as gradients that it had not sent: that begins anew, and the run goes on a little differently.");
        _lastSaved = checkpoint.State.Step;
        (ResumedStep, LastCheckpoint, _best) = (checkpoint.State.Step, checkpoint.Directory, checkpoint.State.BestMetric);
        _lastMetric = checkpoint.State.Metric;
        _badEpochs = Note(checkpoint.State, BadEpochs) is { } bad ? (int)bad : 0;
        _bestStep = Note(checkpoint.State, BestStep);
        _worker.Communicator.StartBarrier().Wait();
        return (checkpoint.State.Epoch, checkpoint.State.BatchInEpoch);
    }

    public void Start(int stepsPerEpoch, long firstStep)
    {
        if (_worker.Rank != 0) return;
        if (_options.RunDirectory is { } directory)
            _log = new MetricsLog(Path.Combine(directory, "metrics.jsonl"), firstStep > 0 ? firstStep : null, _options.Clock);
        var plan = new TrainingPlan(_options.Epochs, stepsPerEpoch, firstStep, _options.BatchSize, _worker.Shares, _graph.Threads, _options.Kernels.Name,
            _graph.Session.Graph.Variables.Where(v => v.IsTrainable).Sum(v => v.WholeType.Shape.ElementCount), LastCheckpoint, _graph.MetricNames);
        foreach (var observer in _observers) observer.Started(plan);
    }

    public void BeginEpoch()
    {
        _sums.AsSpan().Clear();
        _examples = 0;
        _began = _options.Clock.GetTimestamp();
    }

    public void Stepped(in StepReport report)
    {
        _examples += report.Examples;
        for (var i = 0; i < _sums.Length; i++) _sums[i] += report.Metrics[i] * report.Examples;
        if (_worker.Rank != 0) return;
        foreach (var observer in _observers) observer.Stepped(report);
    }

    public void EndEpoch(long epoch, long step, IReadOnlyDictionary<string, double> validation)
    {
        var names = _graph.MetricNames;
        // Of an epoch that others have done without this worker it has nothing to say: what it knows is older.
        var training = _examples == 0 && _epochs is [.., { Training: var older }] ? older : Enumerable.Range(0, names.Count).ToDictionary(i => names[i], i => _sums[i] / _examples);
        var metric = (validation.Count > 0 ? validation : training)[_monitor];
        var isBest = _best is not { } best || (_higherIsBetter ? metric > best : metric < best);
        (_lastMetric, _badEpochs) = (metric, isBest ? 0 : _badEpochs + 1);
        if (isBest) (_best, _bestStep) = (metric, step);
        var seconds = _options.Clock.GetElapsedTime(_began).TotalSeconds;
        var report = new EpochReport(epoch, step, training, validation, seconds, _examples / seconds, isBest);
        _epochs.Add(report);
        if (_worker.Rank != 0) return;
        _log?.Write(step, epoch, [.. training.Select(t => ($"{t.Key}/train", t.Value)), .. validation.Select(v => ($"{v.Key}/valid", v.Value)), ("speed/items_per_s", report.ItemsPerSecond)]);
        foreach (var observer in _observers) observer.EpochEnded(report);
    }

    /// <summary>
    /// Saves a checkpoint; all workers call, and each writes its part: worker 0 what all have whole, and every worker of what they hold in pieces about as much as others, and what it keeps for itself. A disk that is
    /// full does not end the run: the older checkpoint stays, and the observers are told.
    /// </summary>
    public void Save(long step, long epoch, int batch)
    {
        if (_store is null || _lastSaved == step) return;
        foreach (var variable in _graph.ModelVariables)
            if (Graphs.Ops.Finiteness.FirstViolation(variable.TensorType.Type, _graph.Session.Storage(variable).Address, variable.TensorType.Shape.ElementCount) is { Index: >= 0 } found)
                throw new Graphs.Ops.NonFiniteException(
                    $"After step {step} the variable {variable.Name} holds {found.Value} at element {found.Index}{(variable.Cut is null ? "" : $" of worker {_worker.Rank}'s piece")}: the last update overflowed, and no checkpoint was saved of it.{(LastCheckpoint is null ? "" : $" The last good checkpoint is {LastCheckpoint}.")} Lower the learning rate or clip gradients.");
        var state = new CheckpointState
        {
            Step = step,
            Epoch = epoch,
            BatchInEpoch = batch,
            RandomCounters = new Dictionary<string, ulong> { ["seed"] = _options.Seed, ["step"] = (ulong)step },
            Mesh = new Dictionary<string, int> { [_worker.Axis] = _worker.Shares },
            Strategy = _options.Strategy.Name,
            Metric = batch == 0 ? _lastMetric : null,
            BestMetric = _best,
            Notes = new Dictionary<string, string>
            {
                [BadEpochs] = _badEpochs.ToString(CultureInfo.InvariantCulture),
                [BestStep] = _bestStep?.ToString(CultureInfo.InvariantCulture) ?? "",
                [BatchSize] = _options.BatchSize.ToString(CultureInfo.InvariantCulture),
            },
        };
        try
        {
            LastCheckpoint = SaveTogether(state);
            _lastSaved = step;
        }
        catch (CheckpointException e)
        {
            // The message is the same on all workers, and worker 0 tells it.
            Warn($"{e.Message} Training goes on{(LastCheckpoint is null ? "" : $"; the last good checkpoint is {LastCheckpoint}")}.");
            return;
        }
        if (_worker.Rank != 0) return;
        foreach (var observer in _observers) observer.CheckpointSaved(LastCheckpoint, step);
    }

    public TrainingResult End(EndReason reason, long steps, RunProfile? profile)
    {
        var best = _store is not null && _bestStep is { } step && _store.Steps.Contains(step) ? _store.Load(step).Directory : null;
        var result = new TrainingResult(reason, steps, _epochs, LastCheckpoint, best, Weights()) { Profile = profile };
        if (_worker.Rank != 0) return result;
        if (_options.RunDirectory is { } directory && _log is not null)
        {
            _log.Dispose();
            _log = null;
            LearningCurves.Write(Path.Combine(directory, "curves.svg"), MetricsLog.Read(Path.Combine(directory, "metrics.jsonl")));
        }
        foreach (var observer in _observers) observer.Ended(result);
        return result;
    }

    public void Dispose() => _log?.Dispose();

    /// <summary>Tells the observers; they hear the first worker only.</summary>
    public void Warn(string message)
    {
        if (_worker.Rank != 0) return;
        foreach (var observer in _observers) observer.Warned(message);
    }

    /// <summary>Workers on several machines may look at different disks, and would go on from different places.</summary>
    private void AgreeOn(long? step)
    {
        if (_worker.Communicator.AllGatherNumbers(step ?? -1).Distinct().Count() > 1)
            throw new DunlinException($"Worker {_worker.Rank} finds {(step is { } found ? $"a checkpoint of step {found}" : "no checkpoint")} in {Path.GetFullPath(_options.RunDirectory!)}, and others find something else there. "
                + "The run directory has to be one that all workers see.");
    }

    /// <summary>The model's elements, for the first worker of each process; all call. The run is over and nothing writes to the session's memory any more, so it need not be copied: of a large table there may be no room for two.</summary>
    private Dictionary<string, Tensor> Weights()
    {
        // Where the update is done elsewhere, worker 0 alone is brought what was learned.
        var isFirst = _worker.Remote is null ? _worker.Rank % _options.Strategy.LocalWorkers == 0 : _worker.Rank == 0;
        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, variable) in _graph.Model)
        {
            if (variable.Cut is null && !isFirst) continue;
            var whole = variable.Cut is null ? _graph.Session.Storage(variable) : Wholes.OnAll(_worker.Communicator, _graph.Session, variable);
            if (isFirst) weights[name] = whole;
        }
        return weights;
    }

    /// <summary>What a checkpoint consists of: the model, what else it takes to go on, and what each worker keeps for itself.</summary>
    private IReadOnlyList<Group> Groups
    {
        get
        {
            var own = OwnState.Of(_graph.Session);
            return [new(ModelGroup, [.. _graph.Model]), new(StateGroup, [.. _graph.State]), .. own.Count == 0 ? [] : Enumerable.Range(0, _worker.Communicator.Size).Select(r => new Group(OwnState.GroupOf(r), own, r))];
        }
    }

    private string SaveTogether(CheckpointState state)
    {
        var groups = Groups.ToDictionary(g => g.Name);
        var placements = groups.ToDictionary(g => g.Key, g => g.Value.Place(_worker.Communicator.Size));
        return new JointCheckpoint(_worker.Communicator, _store!).Save(state, placements,
            name => Wholes.Bring(_worker.Communicator, _graph.Session, groups[name].Variables, placements[name].Owners));
    }

    private static long? Note(CheckpointState state, string name) =>
        state.Notes.TryGetValue(name, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Variables that are saved together.</summary>
    /// <param name="Name">The group's name.</param>
    /// <param name="Variables">The variables, by the names that they have there.</param>
    /// <param name="Owner">The worker whose elements they are; null where they are those of all.</param>
    private sealed record Group(string Name, IReadOnlyList<(string Name, Variable Variable)> Variables, int? Owner = null)
    {
        /// <summary>Who writes what. What every worker has whole is worker 0's.</summary>
        public Placement Place(int workers) =>
            new(Name, [.. Variables.Select(v => (v.Name, v.Variable.WholeType.Bytes))], Owner is null && Variables.Any(v => v.Variable.Cut is not null) ? workers : 1, Owner ?? 0);
    }
}
