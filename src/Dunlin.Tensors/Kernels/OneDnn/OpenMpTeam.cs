using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// A team on the threads of GNU OpenMP, which oneDNN uses as well, so that its kernels and ours take turns on one set of threads
/// per calling thread instead of competing for the processors.
/// </summary>
internal sealed unsafe class OpenMpTeam : ThreadTeam
{
    private readonly GCHandle _self;
    private IParallelWork? _work;
    private Exception? _error;
    private bool _disposed;

    public OpenMpTeam(int size)
    {
        Require.AtLeast(nameof(OpenMpTeam), size, 1);
        Size = size;
        // Weak: the native side sees the team only while Run, and thus its caller, holds it.
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
    }

    ~OpenMpTeam() => Release();

    public override int Size { get; }

    public override void Enter() => OpenMp.Use(Size);

    public override void Run(IParallelWork work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Size == 1)
        {
            work.Execute(0, 1);
            return;
        }
        _work = work;
        _error = null;
        OpenMp.GOMP_parallel(&Worker, GCHandle.ToIntPtr(_self), (uint)Size, 0);
        _work = null;
        GC.KeepAlive(this);
        if (_error is { } error) ExceptionDispatchInfo.Throw(error);
    }

    public override void Dispose()
    {
        Release();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    [UnmanagedCallersOnly]
    private static void Worker(nint data)
    {
        var team = (OpenMpTeam)GCHandle.FromIntPtr(data).Target!;
        // An exception must not cross native frames: the caller throws it again. The count may be lower than asked for
        // (a thread limit, or a region inside another), so the work is told the true one.
        try { team._work!.Execute(OpenMp.omp_get_thread_num(), OpenMp.omp_get_num_threads()); }
        catch (Exception e) { Interlocked.CompareExchange(ref team._error, e, null); }
    }

    private void Release()
    {
        if (_disposed) return;
        _disposed = true;
        _self.Free();
    }
}
