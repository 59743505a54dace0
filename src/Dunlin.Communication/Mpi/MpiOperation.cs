using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A call on its way through MPI: first it may wait for the others' calls to be compared, then it has requests under way, then it is done.</summary>
internal sealed unsafe class MpiOperation : IPendingOperation
{
    private nint[] _requests = new nint[1];
    private int _count;
    private int _finished;
    private volatile bool _done;
    private NativeBuffer? _staging;
    private CommBuffer _copyTo;

    public MpiCommunicator? Owner { get; private set; }

    public Call Call { get; private set; }

    public CommBuffer Input { get; private set; }

    public CommBuffer Output { get; private set; }

    /// <summary>Whether the call has been handed to MPI.</summary>
    public bool Launched { get; set; }

    /// <summary>Since when somebody waits for it, in <see cref="Environment.TickCount64"/>; 0 where nobody does.</summary>
    public long WaitedSince { get; private set; }

    public bool IsDone => _done;

    public bool IsCompleted => _done || Owner is not { } owner || owner.World.Failed || owner.Process.TryAdvance(this);

    public void Fill(MpiCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        (Owner, Call, Input, Output) = (owner, call, input, output);
        (Launched, _done, _count, _finished, WaitedSince) = (false, false, 0, 0, 0);
    }

    public void Wait()
    {
        if (Owner is not { } owner) throw new CommunicationException("An operation was waited for twice; it may be waited for once.");
        if (!_done) owner.Process.Await(this, owner);
        owner.Release(this);
        Owner = null;
    }

    /// <summary>A place for one more request of MPI's.</summary>
    public ref nint NextRequest()
    {
        if (_count == _requests.Length) Array.Resize(ref _requests, 2 * _requests.Length);
        ref var request = ref _requests[_count++];
        request = 0;
        return ref request;
    }

    /// <summary>Memory for a result that goes to <paramref name="target"/> when all is done, as MPI may not write there meanwhile.</summary>
    public nint Stage(CommBuffer target)
    {
        _copyTo = target;
        _staging = NativeBuffer.Rent(target.Bytes);
        return _staging.Address;
    }

    public void BeginWait() => WaitedSince = Environment.TickCount64;

    public void EndWait() => WaitedSince = 0;

    /// <summary>Looks whether the requests are done. The caller holds the process's gate.</summary>
    public bool Test()
    {
        var status = stackalloc byte[MpiNative.StatusBytes];
        for (; _finished < _count; _finished++)
        {
            MpiProcess.Check(MpiNative.MPI_Test(ref _requests[_finished], out var flag, status), Call);
            if (flag == 0) return false;
            if (Call.Kind == CallKind.Receive) Owner!.ExpectReceived(this, _finished, status);
        }
        Complete();
        return true;
    }

    /// <summary>Marks the call as done.</summary>
    public void Complete()
    {
        if (_staging is not null)
        {
            CollectiveWork.Copy(_staging.Address, _copyTo.Address, _copyTo.Bytes);
            _staging = null;
        }
        _done = true;
    }
}
