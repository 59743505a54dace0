using System.Runtime.InteropServices;
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
    private readonly List<MpiCommunicator> _communicators = [];
    private readonly ManualResetEventSlim _work = new();
    private readonly Thread _progress;
    private readonly MpiOperation _blocking = new();
    private int _worlds;
    private int _waiters;
    private volatile bool _stopping;
    private volatile MpiOperation? _waitsIn;
    private Call _lastDone;
    private WatchServer? _server;
    private FlightRecorder _recorder = null!;

    private MpiProcess(MpiConstants constants, int rank, int size)
    {
        (Constants, Rank, Size) = (constants, rank, size);
        Reductions = new(constants);
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

    public WatchClient Watch { get; private set; } = null!;

    /// <summary>The training step that this process is in, for the watch.</summary>
    public long Step
    {
        get => _recorder.Step;
        set => _recorder.Step = value;
    }

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
        var id = _worlds++;
        return new(this, new ProcessWorld(id, Watch, options), comm, $"{id}", [.. Enumerable.Range(0, Size)], Rank);
    }

    public static void Check(int code, string call)
    {
        if (code != 0) throw Error(code, call);
    }

    public static void Check(int code, in Call call)
    {
        if (code != 0) throw Error(code, call.ToString());
    }

    public void Register(MpiCommunicator communicator)
    {
        lock (_communicators) _communicators.Add(communicator);
    }

    public void Leave(MpiCommunicator communicator)
    {
        lock (_communicators) _communicators.Remove(communicator);
        Watch.Tell(new LeftNotice(communicator.World.Id, communicator.Group, Rank, communicator.Name(communicator.Rank), communicator.Number));
    }

    /// <summary>Lets the progress thread look after an operation until it is done. The caller holds the gate.</summary>
    public void Follow(MpiOperation operation)
    {
        // One that was used before may still stand in the list.
        if (!_pending.Contains(operation)) _pending.Add(operation);
        _work.Set();
    }

    /// <summary>Looks whether an operation is done, unless another thread is in the library just now.</summary>
    public bool TryAdvance(MpiOperation operation)
    {
        if (!Monitor.TryEnter(Gate)) return operation.IsDone;
        try { return Advance(operation); }
        finally { Monitor.Exit(Gate); }
    }

    /// <summary>Waits for an operation.</summary>
    /// <exception cref="CommunicationException">The world has failed, or the time is over.</exception>
    public void Await(MpiOperation operation, MpiCommunicator owner)
    {
        var world = owner.World;
        Interlocked.Increment(ref _waiters);
        operation.BeginWait();
        _waitsIn = operation;
        _recorder.Note(operation.Call, operation.WaitedSince);
        try
        {
            var deadline = operation.WaitedSince + (long)world.Options.Timeout.TotalMilliseconds;
            var backoff = new Backoff();
            while (!TryAdvanceOrExplain(operation, world))
            {
                if (world.Failed && !operation.IsDone) world.Throw();
                if (Environment.TickCount64 > deadline) TimeOut(owner, operation);
                backoff.Pause();
            }
        }
        finally
        {
            operation.EndWait();
            _waitsIn = null;
            Interlocked.Decrement(ref _waiters);
        }
        _lastDone = operation.Call;
        _recorder.Note(operation.Call, 0);
    }

    /// <summary>Says that the calling thread is about to wait within MPI, until the result is disposed.</summary>
    public BlockingCall Block(MpiCommunicator owner, in Call call)
    {
        Monitor.Enter(Gate);
        _blocking.Fill(owner, call, default, default);
        _blocking.BeginWait();
        _recorder.Note(call, _blocking.WaitedSince);
        _waitsIn = _blocking;
        return new BlockingCall(this, call);
    }

    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        _progress.Join();
        // After a failure somebody may never come to MPI_Finalize, and it waits for all.
        var orderly = Watch.Lost is null && !Failed;
        if (orderly)
            lock (Gate) _ = MpiNative.MPI_Finalize();
        Watch.Dispose();
        _server?.Dispose();
        _recorder.Unlink();
    }

    /// <summary>Whether calls of this process have failed, so that MPI can't be left in order.</summary>
    public bool Failed { get; set; }

    private static CommunicationException Error(int code, string call)
    {
        var text = stackalloc byte[1024];
        var known = MpiNative.MPI_Error_string(code, text, out var length) == 0;
        return new($"{call} failed in MPI: {(known ? Encoding.UTF8.GetString(text, length) : $"error {code}")}.");
    }

    private bool Advance(MpiOperation operation)
    {
        if (operation.IsDone) return true;
        if (!operation.Launched) operation.Owner!.LaunchAgreed();
        return operation.Launched && operation.Test();
    }

    /// <summary>As <see cref="TryAdvance"/>; an error of MPI's is often the echo of what the watch is about to explain.</summary>
    private bool TryAdvanceOrExplain(MpiOperation operation, ProcessWorld world)
    {
        try { return TryAdvance(operation); }
        catch (CommunicationException e)
        {
            world.AwaitReason();
            world.Fail(e.Message);
            world.Throw();
            return false;
        }
    }

    private void TimeOut(MpiCommunicator owner, MpiOperation operation)
    {
        Watch.Tell(Late(owner, operation, owner.World.Id));
        // The answer takes a fraction of a second; without one, rank 0 is in trouble as well.
        owner.World.AwaitReason();
        owner.World.Fail(CallSentences.TimedOut(owner.Name(owner.Rank), owner.World.Options.Timeout.TotalSeconds, operation.Call.ToString(), ["nobody knows who: rank 0 does not answer"]));
        owner.World.Throw();
    }

    private TimeOutNotice Late(MpiCommunicator owner, MpiOperation operation, int world) => new(world, Rank,
        Wait(owner, operation, (long)owner.World.Options.Timeout.TotalMilliseconds),
        Enumerable.Range(0, owner.Size).ToDictionary(owner.WorldRank, owner.Name));

    private static WaitState Wait(MpiCommunicator owner, MpiOperation operation, long milliseconds)
    {
        var call = operation.Call;
        return new(owner.Group, call.Number, call.Number > 0 ? -1 : owner.WorldRank(call.Peer), owner.Name(owner.Rank), call.ToString(), milliseconds);
    }

    /// <summary>A wait within the library that has lasted too long.</summary>
    private TimeOutNotice? Stuck()
    {
        if (_waitsIn is not { } operation || operation != _blocking || operation.Owner is not { } owner || operation.WaitedSince == 0) return null;
        return Environment.TickCount64 - operation.WaitedSince > owner.World.Options.Timeout.TotalMilliseconds ? Late(owner, operation, Verdict.Everything) : null;
    }

    /// <summary>Why a wait within the library will never end, or null.</summary>
    private string? Hopeless() => _waitsIn is { } operation && operation == _blocking && operation.Owner is { World: { Failed: true } world } ? world.Reason : null;

    private RankState State()
    {
        WaitState? wait = null;
        if (_waitsIn is { } operation && operation.Owner is { } owner && operation.WaitedSince != 0)
            wait = Wait(owner, operation, Environment.TickCount64 - operation.WaitedSince);
        Dictionary<string, long> numbers;
        lock (_communicators) numbers = _communicators.ToDictionary(c => c.Group, c => c.Number);
        var last = _lastDone;
        return new(Rank, Step, last.Count == 0 && last.Number == 0 ? null : last.ToString(), wait, numbers);
    }

    private void Progress()
    {
        while (true)
        {
            _work.Wait();
            if (_stopping) return;
            _work.Reset();
            while (AdvanceAll() && !_stopping) Pause(ProgressMicroseconds);
        }
    }

    /// <summary>Looks after everything that nobody waits for.</summary>
    /// <returns>Whether something is left.</returns>
    private bool AdvanceAll()
    {
        if (Volatile.Read(ref _waiters) > 0 || !Monitor.TryEnter(Gate)) return true;
        try
        {
            _pending.RemoveAll(static operation => operation.IsDone || operation.Owner is null or { World.Failed: true });
            foreach (var operation in _pending) Advance(operation);
            return _pending.Count > 0;
        }
        catch (CommunicationException)
        {
            // The same error meets whoever waits for the operation.
            return true;
        }
        finally { Monitor.Exit(Gate); }
    }

    private static void Pause(int microseconds)
    {
        var time = new TimeSpec { Nanoseconds = microseconds * 1000 };
        _ = nanosleep(&time, null);
    }

    [LibraryImport("libc")]
    private static partial int nanosleep(TimeSpec* time, TimeSpec* left);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary>How a waiter makes room: it looks again and again for about as long as small messages take, then lets other threads run, then sleeps.</summary>
    private struct Backoff
    {
        private int _looks;

        public void Pause()
        {
            _looks++;
            if (_looks < 200) return;
            if (_looks < 2000) Thread.Yield();
            else MpiProcess.Pause(50);
        }
    }

    /// <summary>A call within the library, from its begin to its end.</summary>
    public readonly struct BlockingCall(MpiProcess process, Call call) : IDisposable
    {
        /// <summary>Throws what MPI says is wrong.</summary>
        public void Check(int code) => MpiProcess.Check(code, call);

        public void Dispose()
        {
            process._waitsIn = null;
            process._lastDone = call;
            process._recorder.Note(call, 0);
            process._blocking.EndWait();
            Monitor.Exit(process.Gate);
        }
    }
}
