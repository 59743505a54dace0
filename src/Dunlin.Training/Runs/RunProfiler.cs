using Dunlin.Graphs.Plans;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>Watches some steps of one worker's run, and writes down what it has seen as soon as it has seen them all.</summary>
internal sealed class RunProfiler
{
    private readonly ProfileOptions _options;
    private readonly MachineCeiling _ceiling;
    private readonly EventTrace _trace;
    private readonly PlanProfile _profile;
    private readonly int _workers;
    private readonly string? _directory;
    private readonly Action<string> _warn;
    private long _skip = long.MaxValue;
    private PeakMemory? _memory;

    /// <summary>Prepares; nothing is watched before <see cref="Start"/>.</summary>
    /// <param name="options">Which steps.</param>
    /// <param name="ceiling">Of this worker's threads.</param>
    /// <param name="worker">This worker.</param>
    /// <param name="directory">Takes the files; null for none.</param>
    /// <param name="warn">Is told when the files can't be written, which does not end the run.</param>
    public RunProfiler(ProfileOptions options, MachineCeiling ceiling, IWorker worker, string? directory, Action<string> warn)
    {
        (_options, _ceiling, _workers, _directory, _warn) = (options, ceiling, worker.Communicator.Size, directory, warn);
        _trace = new EventTrace(worker.Rank, options.MostEvents) { ClockOffset = worker.ClockOffset };
        _profile = new PlanProfile(_trace);
    }

    /// <summary>What was seen; null until it is complete.</summary>
    public RunProfile? Result { get; private set; }

    private bool IsWatching => _skip == 0 && Result is null;

    /// <summary>The run is about to do so many steps.</summary>
    public void Start(long steps) => _skip = Math.Clamp(steps - _options.Steps, 0, _options.Skip);

    /// <summary>Notes what happens on a lane until the result is disposed of; null if this is not the time to.</summary>
    public TraceSpan? Time(int lane, string name) => IsWatching ? _trace.Time(lane, name) : null;

    /// <summary>Runs a step, watching it if this is the time to.</summary>
    /// <param name="step">The step.</param>
    /// <param name="batch">The worker's share.</param>
    /// <param name="stop">Whether the worker was asked to stop.</param>
    /// <param name="number">The step's number.</param>
    public void Run(IBatchStep step, Batch batch, bool stop, long number)
    {
        if (!IsWatching)
        {
            step.Run(batch, stop, null);
            if (_skip > 0) _skip--;
            return;
        }
        _profile.BeginStep();
        step.Run(batch, stop, _profile);
        _profile.EndStep(number);
        // A last batch may be smaller than the others.
        var plan = step.Largest;
        if (_memory is null || plan.ArenaBytes > _memory.ArenaBytes) _memory = plan.FindPeakMemory();
        if (_profile.Steps == _options.Steps) Finish();
    }

    /// <summary>Writes down what was seen until now, if anything was and it is not written yet.</summary>
    public void Finish()
    {
        if (Result is not null || _memory is null) return;
        Result = new(new OperationTable(_profile, _ceiling), _memory, _trace, []);
        if (_directory is null) return;
        try
        {
            Directory.CreateDirectory(_directory);
            TraceFile.Write(_trace, Path.Combine(_directory, TraceFile.NameOf(_trace.Rank)));
            File.WriteAllLines(Path.Combine(_directory, RunProfile.NameOf(_trace.Rank)), Result.Lines());
            Result = Result with { Files = [.. Enumerable.Range(0, _workers).SelectMany(r => new[] { TraceFile.NameOf(r), RunProfile.NameOf(r) }).Select(name => Path.Combine(_directory, name))] };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"The profile of worker {_trace.Rank} could not be written: {e.Message} Training goes on.");
        }
    }
}
