using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>One worker's part of a training run, from the first batch to the last checkpoint.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly TrainerOptions _options;
    private readonly IWorker _worker;
    private readonly IDataset _training;
    private readonly CancellationToken _stop;
    private readonly TrainingGraph _graph;
    private readonly DataLoader _loader;
    private readonly Validator? _validator;
    private readonly RunRecorder _recorder;
    private readonly RunProfiler? _profiler;
    private readonly IBatchStep _step;
    private readonly double[] _metrics;
    private long _steps;

    /// <summary>This worker's part of the last batch; null while the statistics are those of all workers.</summary>
    private double? _weight;

    public TrainingRun(TrainingRecipe recipe, TrainerOptions options, IWorker worker, IDataset training, IDataset? validation, MachineCeiling? ceiling, CancellationToken stop)
    {
        // Where the weights are moved by the gradient over all data, the recipe's optimiser has no part in it, nor room for its state.
        if (worker.Remote?.WholeData is not null) recipe = recipe with { Optimizer = Optimizers.Sgd(1) };
        (_recipe, _options, _worker, _training, _stop) = (recipe, options, worker, training, stop);
        _graph = new TrainingGraph(recipe, options, worker, training);
        _step = worker.Remote is { } remote ? new RemoteBatchStep(_graph, remote) : _graph.Part is null ? new WholeBatchStep(_graph) : new AccumulatedBatchStep(_graph, training.Fields, worker.Communicator.Size);
        _loader = new DataLoader(training, new DataLoaderOptions
        {
            BatchSize = options.BatchSize,
            Seed = options.Seed,
            Rank = worker.Rank,
            Ranks = worker.Shares,
            Augmentations = options.Augmentations,
        });
        _validator = validation is null || IsSilent ? null : new Validator(_graph, worker, validation, options.ValidationBatchSize);
        _recorder = new RunRecorder(recipe, options, worker, _graph);
        if (options.Profile is { } profile) _profiler = new RunProfiler(profile, ceiling!, worker, options.RunDirectory, _recorder.Warn);
        _metrics = new double[_graph.MetricNames.Count];
    }

    public TrainingResult Execute()
    {
        var (epoch, batch) = _recorder.Resume();
        _steps = _recorder.ResumedStep;
        if (_worker.Remote is { } remote)
        {
            var model = new RemoteModel(_graph.Session, _graph.GivenAway, _recipe.Optimizer) { Tables = ((RemoteBatchStep)_step).Tables, Classes = _graph.Classes };
            if (remote.Serve(model, _stop)) return End(EndReason.Completed);
            (_steps, epoch, batch) = remote.Begin(model, new(_steps, epoch, batch));
            if (remote.WholeData is { } whole) return RunOverAllData(whole, epoch);
        }
        _loader.Seek(epoch, batch);
        _recorder.Start(_loader.StepsPerEpoch, _steps);
        _profiler?.Start(Math.Min((long)_options.Epochs * _loader.StepsPerEpoch, _options.MaxSteps ?? long.MaxValue) - _steps);
        for (; epoch < _options.Epochs; epoch++)
        {
            if (RunEpoch(epoch) is { } early) return End(early);
            if (!_recorder.ShouldStopEarly || IsSilent) continue;
            _worker.Remote?.Stop();
            _worker.Remote?.End();
            return End(EndReason.EarlyStop);
        }
        return End(EndReason.Completed);
    }

    public void Dispose()
    {
        _loader.Dispose();
        _validator?.Dispose();
        _recorder.Dispose();
        _graph.Dispose();
    }

    /// <summary>Runs epochs that are a step each, over all of the data.</summary>
    private TrainingResult RunOverAllData(IWholeDataUpdate whole, long epoch)
    {
        var pieces = new DataPieces(_graph, _step, batch => Run(batch, stop: false), _options, _training, whole.BatchesPerPiece);
        whole.Prepare(pieces.Count, pieces.Examples, _metrics.Length, pieces.Compute);
        _recorder.Start(stepsPerEpoch: 1, _steps);
        _profiler?.Start(pieces.Batches);
        if (IsSilent) whole.Help();
        var reason = IsSilent ? EndReason.Completed : Minimize(whole, epoch);
        _worker.Remote!.End();
        return End(reason);
    }

    private EndReason Minimize(IWholeDataUpdate whole, long epoch)
    {
        for (; epoch < _options.Epochs && _steps != _options.MaxSteps; epoch++)
        {
            _recorder.BeginEpoch();
            if (!whole.Iterate(_metrics))
            {
                _worker.Remote!.Collect();
                Save(epoch, 0);
                return EndReason.Converged;
            }
            _steps++;
            _graph.Session.Storage(_graph.Counter).Span<long>()[0] = _steps;
            _recorder.Stepped(new StepReport(_steps, epoch, _training.Count, _metrics));
            _worker.Remote!.Collect();
            _recorder.EndEpoch(epoch, _steps, Validate());
            Save(epoch + 1, 0);
            if (_stop.IsCancellationRequested || _worker.Remote.IsStopping) return EndReason.Stopped;
            if (_recorder.ShouldStopEarly) return EndReason.EarlyStop;
        }
        return EndReason.Completed;
    }

    /// <summary>Runs the rest of an epoch; returns a reason if the run ends with it.</summary>
    private EndReason? RunEpoch(long epoch)
    {
        EndReason? end = null;
        var isPassedOver = true;
        _recorder.BeginEpoch();
        while (TryNext(out var batch))
        {
            var stopping = false;
            if (_steps < _worker.Remote?.StepsDone) _steps++;
            else
            {
                isPassedOver = false;
                stopping = RunStep(batch);
                _recorder.Stepped(new StepReport(_steps, epoch, batch.GlobalCount, _metrics));
            }
            end = stopping || _worker.Remote is { IsStopping: true } ? EndReason.Stopped : _steps == _options.MaxSteps ? EndReason.Completed : null;
            if (batch.Step == _loader.StepsPerEpoch - 1) continue;
            if (end is not null || (_options.CheckpointEvery > 0 && _steps % _options.CheckpointEvery == 0))
            {
                Collect(isLast: end is not null);
                Save(epoch, batch.Step + 1);
                if (end is null) Continue();
            }
            if (end is not null) return end;
        }
        var isLast = end is not null || epoch == _options.Epochs - 1;
        // The others have done all of it while this worker was away: there is nothing to report of, and nothing that is its to save.
        if (isPassedOver && !isLast) return end;
        Collect(isLast);
        ShareStatistics();
        _recorder.EndEpoch(epoch, _steps, Validate());
        Save(epoch + 1, 0);
        Continue();
        return end;
    }

    /// <summary>Whether another worker reports, measures and saves, and this one has no part in it.</summary>
    private bool IsSilent => _worker.Remote is not null && _worker.Rank != 0;

    /// <summary>Where the update is done elsewhere, brings what is there; after this worker's last step, what is there when all have done theirs.</summary>
    private void Collect(bool isLast)
    {
        if (_worker.Remote is not { } remote) return;
        if (isLast) remote.End();
        if (!IsSilent) remote.Collect();
    }

    private void Continue()
    {
        if (!IsSilent) _worker.Remote?.Continue();
    }

    private bool TryNext(out Batch batch)
    {
        using var time = _profiler?.Time(TraceLane.Loader, "wait for the batch");
        return _loader.TryNext(out batch);
    }

    private IReadOnlyDictionary<string, double> Validate()
    {
        if (_validator is null) return new Dictionary<string, double>();
        using var time = _profiler?.Time(TraceLane.Step, "validation");
        return _validator.Measure();
    }

    private TrainingResult End(EndReason reason)
    {
        _profiler?.Finish();
        return _recorder.End(reason, _steps, _profiler?.Result);
    }

    /// <summary>Runs one step.</summary>
    /// <returns>Whether any worker was asked to stop.</returns>
    private bool RunStep(Batch batch)
    {
        _worker.Communicator.ReportStep(_steps + 1);
        var stop = _stop.IsCancellationRequested;
        // Before its gradient goes: where workers do each step together, all hear of it with this one.
        if (stop) _worker.Remote?.Stop();
        try
        {
            Run(batch, stop);
        }
        catch (NonFiniteException e) { throw Explain(e); }
        _steps++;
        _weight = batch.Weight;
        for (var i = 0; i < _metrics.Length; i++) _metrics[i] = _step.Results[i].Span<float>()[0];
        return _step.Results[^1].Span<float>()[0] > 0;
    }

    private void Run(Batch batch, bool stop)
    {
        if (_profiler is null) _step.Run(batch, stop, null);
        else _profiler.Run(_step, batch, stop, _steps + 1);
    }

    private void Save(long epoch, int batch)
    {
        using var time = _recorder.IsSaving ? _profiler?.Time(TraceLane.Checkpoint, "checkpoint") : null;
        ShareStatistics();
        _recorder.Save(_steps, epoch, batch);
    }

    /// <summary>Every worker's running statistics have seen other examples, until they are made one.</summary>
    private void ShareStatistics()
    {
        if (_worker.Communicator.Size == 1 || _weight is not { } weight) return;
        StatisticsExchange.Run(_graph.Session, _graph.Statistics, _worker.Communicator, weight);
        _weight = null;
    }

    /// <summary>Runs the forward pass again, looking at every value. The update has not happened: the variables are those of the step before.</summary>
    private NonFiniteException Explain(NonFiniteException error)
    {
        // Tables that are elsewhere are looked through as well.
        if (_step is RemoteBatchStep { Tables.Count: > 0 } || _graph.Classes.Count > 0) _worker.Remote!.Collect();
        var where = NonFiniteSearch.Find(_graph, _step.Suspects);
        if (where is null && _worker.Communicator.Size > 1) _worker.Communicator.Barrier();
        var kept = _recorder.LastCheckpoint is { } checkpoint ? $" The last good checkpoint is {checkpoint}." : "";
        return new NonFiniteException($"Step {_steps + 1}: {error.Message.TrimEnd('.')}. {where ?? "Its cause did not show again."}{kept} Lower the learning rate, clip gradients, or check the data.");
    }
}
