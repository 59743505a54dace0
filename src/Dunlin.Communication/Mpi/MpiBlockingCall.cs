namespace Dunlin.Communication;

/// <summary>A call that waits within the library: nobody can call its thread back.</summary>
internal sealed class MpiBlockingCall(MpiProcess process) : ClusterOperation, IDisposable
{
    /// <summary>The calling thread is about to enter the library.</summary>
    public MpiBlockingCall Enter(MpiCommunicator owner, in Call call)
    {
        Monitor.Enter(process.Gate);
        Begin(owner, call, default, default);
        BeginWait();
        return this;
    }

    /// <summary>Throws what the library says is wrong.</summary>
    public void Check(int code) => MpiProcess.Check(code, Call);

    public override bool TryAdvance() => IsDone;

    /// <summary>The thread has come back.</summary>
    public void Dispose()
    {
        EndWait();
        Complete();
        Monitor.Exit(process.Gate);
    }
}
