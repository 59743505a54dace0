namespace Dunlin.Training.Data;

/// <summary>The thread that fills a ring of batches, and the hand-over of each to the consumer and back.</summary>
internal sealed class LoaderThread : IDisposable
{
    /// <summary>How long to wait at the end for a data set that is in the midst of reading.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BatchFiller _filler;
    private readonly Batch[] _ring;
    private readonly SemaphoreSlim _empty;
    private readonly SemaphoreSlim _full = new(0);
    private readonly Thread _thread;
    private long _epoch;
    private int _step;
    private long _filled, _taken;
    private volatile bool _stop;
    private DunlinException? _error;

    public LoaderThread(BatchFiller filler, Batch[] ring, long epoch, int step)
    {
        (_filler, _ring, _epoch, _step) = (filler, ring, epoch, step);
        _empty = new SemaphoreSlim(ring.Length);
        _thread = new Thread(Run) { IsBackground = true, Name = "dunlin loader" };
        _thread.Start();
    }

    /// <summary>Waits until the next batch of the ring is full.</summary>
    public void Wait(TimeSpan timeout) => Check(_full.Wait(timeout), timeout);

    /// <inheritdoc cref="Wait"/>
    public async ValueTask WaitAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Check(await _full.WaitAsync(timeout, cancellationToken).ConfigureAwait(false), timeout);

    /// <summary>Returns the oldest batch that was taken.</summary>
    public void GiveBack() => _empty.Release();

    /// <summary>Ends the thread; false if it hangs in the data set, and so may still write into the ring.</summary>
    public bool TryStop()
    {
        _stop = true;
        _empty.Release();
        return _thread.Join(Patience);
    }

    public void Dispose()
    {
        // A thread that hangs still uses the semaphores: leave them to the collector.
        if (!TryStop()) return;
        _empty.Dispose();
        _full.Dispose();
    }

    private void Run()
    {
        try
        {
            for (var slot = 0; ; slot = (slot + 1) % _ring.Length)
            {
                // No time-out: the consumer may train for hours before it asks again, and wakes us when it leaves.
                _empty.Wait();
                if (_stop) return;
                _filler.Fill(_ring[slot], _epoch, _step);
                if (++_step == _filler.StepsPerEpoch) (_epoch, _step) = (_epoch + 1, 0);
                Interlocked.Increment(ref _filled);
                _full.Release();
            }
        }
        catch (Exception e)
        {
            _error = new DunlinException($"Loading the batch of epoch {_epoch}, step {_step} failed: {e.Message}", e);
            _full.Release();
        }
    }

    private void Check(bool arrived, TimeSpan timeout)
    {
        if (!arrived)
            throw new DunlinException($"The data set gave no batch for epoch {_epoch}, step {_step} within {timeout.TotalSeconds:0.###} s; is its storage reachable?");
        // Batches that were filled before the error are still good, and come first.
        if (_taken < Interlocked.Read(ref _filled))
        {
            _taken++;
            return;
        }
        _full.Release();
        throw _error!;
    }
}
