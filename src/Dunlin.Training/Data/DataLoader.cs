using System.Runtime.CompilerServices;

namespace Dunlin.Training.Data;

/// <summary>
/// One rank's batches, epoch after epoch, prepared ahead on a thread of its own. The sequence depends on the data set and the options
/// alone; all ranks together take the examples that one rank would take. In steady state nothing is allocated. For one consumer at a time.
/// </summary>
public sealed class DataLoader : IDisposable
{
    private readonly BatchFiller _filler;
    private readonly DataLoaderOptions _options;
    private readonly Batch[] _ring;
    private LoaderThread? _thread;
    private int _taken;
    private bool _holding, _disposed;

    /// <summary>Prepares a loader; its thread starts when the first batch is asked for.</summary>
    /// <param name="dataset">The examples; at least one, or with <see cref="DataLoaderOptions.DropLast"/> one batch.</param>
    /// <param name="options">How to cut them into batches.</param>
    /// <exception cref="DunlinException">There are too few examples, or the rank is not less than the number of ranks.</exception>
    public DataLoader(IDataset dataset, DataLoaderOptions options)
    {
        if (options.Rank >= options.Ranks) throw new DunlinException($"The loader's rank {options.Rank} must be less than its number of ranks, {options.Ranks}.");
        _options = options;
        _filler = new BatchFiller(dataset, options);
        if (StepsPerEpoch == 0)
            throw new DunlinException($"{dataset.Count} examples do not make a single batch{(options.DropLast ? $" of {options.BatchSize}; lower the batch size or keep the last batch" : "")}.");
        _ring = [.. Enumerable.Range(0, options.Prefetch + 1).Select(_ => _filler.NewBatch())];
    }

    /// <summary>Batches in one epoch; equal on all ranks.</summary>
    public int StepsPerEpoch => _filler.StepsPerEpoch;

    /// <summary>The epoch of the batch that comes next.</summary>
    public long Epoch { get; private set; }

    /// <summary>The step of the batch that comes next; <see cref="StepsPerEpoch"/> after an epoch's last batch.</summary>
    public int Step { get; private set; }

    /// <summary>Goes to a position, such as that of a checkpoint: what follows is what followed <see cref="Epoch"/> and <see cref="Step"/> then.</summary>
    /// <param name="epoch">At least 0.</param>
    /// <param name="step">From 0 to <see cref="StepsPerEpoch"/>.</param>
    public void Seek(long epoch, int step)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Require.Between(nameof(DataLoader), epoch, 0, uint.MaxValue);
        Require.Between(nameof(DataLoader), step, 0, StepsPerEpoch);
        if (!TryStop()) throw new DunlinException("The data set is still busy reading a batch, so the loader can't go elsewhere; is its storage reachable?");
        (Epoch, Step) = (epoch, step);
    }

    /// <summary>Gives the next batch of the epoch, and takes back the one before.</summary>
    /// <param name="batch">The batch, valid until the next call; undefined at the end of an epoch.</param>
    /// <returns>False once after each epoch's last batch; the call after that begins the next epoch.</returns>
    /// <exception cref="DunlinException">Reading failed, or took longer than <see cref="DataLoaderOptions.Timeout"/>.</exception>
    public bool TryNext(out Batch batch)
    {
        var thread = Begin(out batch);
        if (thread is null) return false;
        thread.Wait(_options.Timeout);
        batch = Take();
        return true;
    }

    /// <summary>The rest of the current epoch. Each batch is valid until the next is asked for.</summary>
    /// <inheritdoc cref="TryNext" path="/exception"/>
    public async IAsyncEnumerable<Batch> ReadEpochAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Begin(out _) is not { } thread) yield break;
            await thread.WaitAsync(_options.Timeout, cancellationToken).ConfigureAwait(false);
            yield return Take();
        }
    }

    /// <summary>Stops the thread.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        TryStop();
    }

    /// <summary>Takes back the batch in use. Null at the end of the epoch, whose end is then behind us.</summary>
    private LoaderThread? Begin(out Batch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        batch = _ring[_taken];
        if (_holding) _thread!.GiveBack();
        _holding = false;
        if (Step == StepsPerEpoch)
        {
            (Epoch, Step) = (Epoch + 1, 0);
            return null;
        }
        return _thread ??= new LoaderThread(_filler, _ring, Epoch, Step);
    }

    private Batch Take()
    {
        var batch = _ring[_taken];
        _taken = (_taken + 1) % _ring.Length;
        _holding = true;
        Step++;
        return batch;
    }

    private bool TryStop()
    {
        if (_thread is not null && !_thread.TryStop()) return false;
        _thread?.Dispose();
        _thread = null;
        _holding = false;
        _taken = 0;
        return true;
    }
}
