using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A call on its way in strides: each begins other calls, and the next one begins when these are done.</summary>
internal abstract class StridedOperation : ClusterOperation
{
    private readonly List<IPendingOperation> _parts = [];
    private int _ended;

    /// <summary>The stride that was taken last, from 1.</summary>
    public int Stride { get; private set; }

    public void Fill(StridedCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(owner, call, input, output);
        Stride = 0;
        Prepare();
    }

    public override bool TryAdvance()
    {
        if (IsDone) return true;
        if (Call.Number > 0) Owner!.Advance();
        else if (TryEndStride()) Complete();
        return IsDone;
    }

    /// <summary>Ends the stride that was taken last, if what it waits for is done. False also where there is none to come.</summary>
    public bool TryEndStride()
    {
        if (IsDone) return false;
        for (; _ended < _parts.Count; _ended++)
        {
            if (!_parts[_ended].IsCompleted) return false;
            _parts[_ended].Wait();
        }
        _parts.Clear();
        _ended = 0;
        return true;
    }

    /// <summary>Begins the next stride, or ends. The last one is done.</summary>
    public void TakeStride()
    {
        if (!Take(++Stride)) Complete();
    }

    /// <summary>Before the first stride. A message, which is no collective, begins here.</summary>
    protected abstract void Prepare();

    /// <summary>Begins a stride. All calls of a group have as many strides, some of them with nothing to do. False where none is left, and the result is there.</summary>
    protected abstract bool Take(int stride);

    /// <summary>The stride under way ends when this has ended, too.</summary>
    protected void Await(IPendingOperation? part)
    {
        if (part is not null) _parts.Add(part);
    }
}
