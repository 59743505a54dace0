using System.Text;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// This process in MPI: initialisation, the gate that lets one thread into the library at a time (MPI_THREAD_SERIALIZED is all that takes), progress of what was started, and what the
/// watch is told of it. One for the life of a process, as MPI has it.
/// </summary>
internal sealed unsafe partial class MpiProcess : IDisposable
{
    /// <summary>Between two looks of the progress thread: MPI moves started operations only while somebody looks.</summary>
    private const int ProgressMicroseconds = 200;

    private readonly List<MpiOperation> _pending = [];
    private readonly ManualResetEventSlim _work = new();
    private readonly Thread _progress;
    private int _worlds;
    private int _waiters;
    private volatile bool _stopping;
    private WatchServer? _server;

    private MpiProcess(MpiConstants constants, int rank, int size)
    {
        (Constants, Rank, Size) = (constants, rank, size);
        Reductions = new(constants);
        Blocking = new(this);
        _progress = new Thread(Progress) { IsBackground = true, Name = "Dunlin MPI progress" };
    }

    public MpiConstants Constants { get; }

    public MpiReductions Reductions { get; }

    public int Rank { get; }

    public int Size { get; }

    public nint InPlace => Constants.InPlace;

    /// <summary>Held by whoever calls MPI.</summary>
    public object Gate { get; } = new();

    /// <summary>Whether one thread of this process makes all calls, so that it may stay in the library while it waits.</summary>
    public bool IsExclusive { get; set; } = true;

    /// <summary>The call within the library, of which there is one at a time.</summary>
    public MpiBlockingCall Blocking { get; }

    /// <summary>Threads that wait for operations look after them: the progress thread need not.</summary>
    public void CountWaiters(int more) => Interlocked.Add(ref _waiters, more);

    /// <summary>Whether calls of this process have failed, so that MPI can't be left in order.</summary>
    public bool Failed { get; set; }

    public WatchClient Watch { get; private set; } = null!;

    /// <summary>This process's ranks.</summary>
    public Seats Seats { get; private set; } = null!;

    /// <summary>Initialises MPI and joins the watch. All processes of the run come here.</summary>
    /// <param name="info">What the launcher says; MPI must agree.</param>
    /// <param name="environment">All variables.</param>
    /// <param name="options">How to wait.</param>
    /// <param name="host">This host's name.</param>
    /// <exception cref="CommunicationException">No MPI, or one that was started by another launcher.</exception>
    public static MpiProcess Start(LaunchInfo info, IReadOnlyDictionary<string, string> environment, ClusterOptions options, string host)
    {
        var constants = MpiLibrary.Load(info.Family, environment);
        Check(MpiNative.MPI_Init_thread(0, 0, MpiNative.ThreadSerialized, out var provided), "MPI_Init_thread");
        if (provided < MpiNative.ThreadSerialized)
            throw new CommunicationException($"{MpiLibrary.Version()} lets only one thread of a process call it (it grants thread level {provided} of the {MpiNative.ThreadSerialized} that are needed). Use a library that was built with threads.");
        Check(MpiNative.MPI_Comm_set_errhandler(constants.World, constants.ErrorsReturn), "MPI_Comm_set_errhandler");
        Check(MpiNative.MPI_Comm_rank(constants.World, out var rank), "MPI_Comm_rank");
        Check(MpiNative.MPI_Comm_size(constants.World, out var size), "MPI_Comm_size");
        if ((rank, size) != (info.Rank, info.Size))
            throw new LaunchException($"The launcher ({info.Family}) says that this is rank {info.Rank} of {info.Size}, but {MpiLibrary.Version()} says rank {rank} of {size}: "
                + "the launcher belongs to another MPI. Start the program with that library's mpirun, under SLURM with its plug-in (srun --mpi=pmix for Open MPI, pmi2 for MPICH), or say by DUNLIN_MPI which library to load.");
        var process = new MpiProcess(constants, rank, size);
        process.JoinWatch(options, host);
        process._progress.Start();
        return process;
    }

    /// <summary>A group of all processes, with failures of its own. All processes come here.</summary>
    public MpiCommunicator CreateWorld(ClusterOptions options)
    {
        nint comm = 0;
        lock (Gate) Check(MpiNative.MPI_Comm_dup(Constants.World, ref comm), "MPI_Comm_dup");
        var world = NewWorld(options);
        return new(this, world, Seats.Process, comm, $"{world.Id}", [.. Enumerable.Range(0, Size)], Rank);
    }

    /// <summary>All processes, as a part of a group of their ranks: messages and calls of its own, the group's failures. All processes come here.</summary>
    public MpiCommunicator Join(ProcessWorld world, Seat seat, string group, int ranksOfProcess)
    {
        nint comm = 0;
        lock (Gate) Check(MpiNative.MPI_Comm_dup(Constants.World, ref comm), "MPI_Comm_dup");
        return new(this, world, seat, comm, group, [.. Enumerable.Range(0, Size).Select(p => p * ranksOfProcess)], Rank);
    }

    /// <summary>The failures of a new group. All processes come here, in the same order.</summary>
    public ProcessWorld NewWorld(ClusterOptions options) => new(_worlds++, Watch, options);

    public static void Check(int code, string call)
    {
        if (code != 0) throw Error(code, call);
    }

    public static void Check(int code, in Call call)
    {
        if (code != 0) throw Error(code, call.ToString());
    }

    /// <summary>Lets the progress thread look after an operation until it is done. The caller holds the gate.</summary>
    public void Follow(MpiOperation operation)
    {
        // One that was used before may still stand in the list.
        if (!_pending.Contains(operation)) _pending.Add(operation);
        _work.Set();
    }

    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        _progress.Join();
        // After a failure somebody may never come to MPI_Finalize, and it waits for all.
        var orderly = Watch.Lost is null && !Failed;
        if (orderly)
        {
            lock (Gate) _ = MpiNative.MPI_Finalize();
            _server?.SayFarewell();
        }
        Watch.Dispose();
        _server?.Dispose();
        Seats.Dispose();
    }

    private static CommunicationException Error(int code, string call)
    {
        var text = stackalloc byte[1024];
        var known = MpiNative.MPI_Error_string(code, text, out var length) == 0;
        return new($"{call} failed in MPI: {(known ? Encoding.UTF8.GetString(text, length) : $"error {code}")}.");
    }

    /// <summary>A wait within the library that has lasted too long.</summary>
    private TimeOutNotice? Stuck() => Blocking is { Owner: { } owner, WaitedSince: not 0 and var since } && Environment.TickCount64 - since > owner.World.Options.Timeout.TotalMilliseconds
        ? Blocking.Late(owner, Verdict.Everything)
        : null;

    /// <summary>Why a wait within the library will never end, or null.</summary>
    private string? Hopeless() => Blocking is { Owner.World: { Failed: true } world, WaitedSince: not 0 } ? world.Reason : null;

    private void Progress()
    {
        while (true)
        {
            _work.Wait();
            if (_stopping) return;
            _work.Reset();
            while ((Volatile.Read(ref _waiters) > 0 || AdvanceAll()) && !_stopping) Backoff.Sleep(ProgressMicroseconds);
        }
    }

    /// <summary>Looks after everything that is under way, unless another thread is in the library.</summary>
    /// <returns>Whether something is left.</returns>
    public bool AdvanceAll()
    {
        if (!Monitor.TryEnter(Gate)) return true;
        try
        {
            _pending.RemoveAll(static operation => operation.IsDone || operation.Owner is null or { World.Failed: true });
            foreach (var operation in _pending) operation.Advance();
            return _pending.Count > 0;
        }
        catch (CommunicationException)
        {
            // The same error meets whoever waits for the operation.
            return true;
        }
        finally { Monitor.Exit(Gate); }
    }
}
