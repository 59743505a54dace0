namespace Dunlin.Communication;

/// <summary>The ranks of this process. While it only meets others it is one; a run may give it several, that are threads.</summary>
internal sealed class Seats : IDisposable
{
    private readonly FlightRecorder _recorder;
    private readonly int _process;
    private volatile Seat[] _seats;

    public Seats(FlightRecorder recorder, int process)
    {
        (_recorder, _process) = (recorder, process);
        Process = new(process, recorder, 0);
        _seats = [Process];
    }

    /// <summary>The process as one rank.</summary>
    public Seat Process { get; }

    public string RecorderPath => _recorder.Path;

    /// <summary>Takes up a run with so many ranks in each process.</summary>
    public Seat[] Take(int threads)
    {
        if (threads > FlightRecorder.MostRanks) throw new Tensors.Collectives.CommunicationException($"A process has at most {FlightRecorder.MostRanks} ranks among others, not {threads}.");
        return _seats = threads == 1 ? [Process] : [.. Enumerable.Range(0, threads).Select(t => new Seat(_process * threads + t, _recorder, t))];
    }

    /// <summary>What all of them do.</summary>
    public ProcessState State() => new([.. _seats.Select(s => s.State())]);

    public void Dispose() => _recorder.Unlink();
}
