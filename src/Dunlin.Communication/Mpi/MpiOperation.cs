using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A call on its way through MPI: first it may wait for the others' calls to be compared, then it has requests under way, then it is done.</summary>
internal sealed unsafe class MpiOperation(MpiProcess process) : ClusterOperation
{
    private nint[] _requests = new nint[1];
    private int _count;
    private int _finished;
    private NativeBuffer? _staging;
    private CommBuffer _copyTo;

    /// <summary>Whether the call has been handed to MPI.</summary>
    public bool Launched { get; set; }

    public void Fill(MpiCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(owner, call, input, output);
        (Launched, _count, _finished) = (false, 0, 0);
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

    /// <inheritdoc/>
    /// <remarks>Not at all while another thread is in the library.</remarks>
    public override bool TryAdvance()
    {
        if (!Monitor.TryEnter(process.Gate)) return IsDone;
        try { return Advance(); }
        finally { Monitor.Exit(process.Gate); }
    }

    /// <summary>As <see cref="TryAdvance"/>, for who holds the process's gate.</summary>
    public bool Advance()
    {
        if (IsDone) return true;
        if (!Launched) Group.LaunchAgreed();
        return Launched && Test();
    }

    public override void BeginWait()
    {
        process.CountWaiters(1);
        base.BeginWait();
    }

    public override void EndWait()
    {
        process.CountWaiters(-1);
        base.EndWait();
    }

    private MpiCommunicator Group => (MpiCommunicator)Owner!;

    private bool Test()
    {
        var status = stackalloc byte[MpiNative.StatusBytes];
        for (; _finished < _count; _finished++)
        {
            MpiProcess.Check(MpiNative.MPI_Test(ref _requests[_finished], out var flag, status), Call);
            if (flag == 0) return false;
            if (Call.Kind == CallKind.Receive) Group.ExpectReceived(this, _finished, status);
        }
        if (_staging is not null)
        {
            CollectiveWork.Copy(_staging.Address, _copyTo.Address, _copyTo.Bytes);
            _staging = null;
        }
        Complete();
        return true;
    }
}
