using System.Diagnostics;
using System.Net;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// The processes of a run and this one among them. A program joins once, at its start: it is one of many where a launcher (mpirun, srun, dunlin launch) has started it, and alone else. Its
/// ranks are all threads of all processes: with p processes of t threads, thread j of process i is rank i · t + j.
/// </summary>
public sealed class Cluster : IDisposable
{
    private readonly MpiProcess? _process;
    private readonly ClusterOptions _options;
    private readonly MpiCommunicator? _control;
    private HostLayout? _layout;

    private Cluster(LaunchInfo? info, MpiProcess? process, ClusterOptions options, string host)
    {
        (Launch, _process, _options, Host) = (info, process, options, host);
        Hosts = [host];
        if (process is null) return;
        _control = process.CreateWorld(options);
        Hosts = _control.AllGatherText(host);
        ClockOffset = MeasureClockOffset(_control);
        if (options.SharedMemory) ShareMemory(Hosts);
    }

    /// <summary>What the launcher said; null where there was none.</summary>
    public LaunchInfo? Launch { get; }

    /// <summary>This process, from 0.</summary>
    public int Rank => _process?.Rank ?? 0;

    /// <summary>How many processes there are, at least 1.</summary>
    public int Size => _process?.Size ?? 1;

    /// <summary>This host's name.</summary>
    public string Host { get; }

    /// <summary>Each process's host.</summary>
    public IReadOnlyList<string> Hosts { get; }

    /// <summary>This process among those of its host, from 0.</summary>
    public int LocalRank => Hosts.Take(Rank).Count(host => host == Host);

    /// <summary>Processes on this host.</summary>
    public int LocalSize => Hosts.Count(host => host == Host);

    /// <summary>Microseconds to add to this process's clock (<see cref="Stopwatch.GetTimestamp"/>) for rank 0's time; 0 on its host, where the clock is the same.</summary>
    public double ClockOffset { get; }

    /// <summary>Processors for this process: those that it is bound to, else its share of the host's. At least 1.</summary>
    public int Processors => Math.Max(1, Environment.ProcessorCount < HostProcessors.Count ? Environment.ProcessorCount : Environment.ProcessorCount / LocalSize);

    /// <summary>The MPI library and its version; null for a process alone.</summary>
    public string? Mpi => _process is null ? null : MpiLibrary.Version();

    /// <summary>Joins the run that a launcher has started, or stays alone.</summary>
    /// <param name="options">Defaults unless given.</param>
    /// <param name="launch">Rank and size as given on the command line.</param>
    /// <exception cref="LaunchException">The launcher's variables contradict each other, or MPI.</exception>
    /// <exception cref="CommunicationException">There are several processes, but no MPI to join them.</exception>
    public static Cluster Join(ClusterOptions? options = null, LaunchOptions? launch = null) => Join(StartupEnvironment.All(), options, launch);

    /// <inheritdoc cref="Join(ClusterOptions?, LaunchOptions?)"/>
    /// <param name="environment">All variables.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <param name="launch">Rank and size as given on the command line.</param>
    public static Cluster Join(IReadOnlyDictionary<string, string> environment, ClusterOptions? options = null, LaunchOptions? launch = null)
    {
        options ??= new();
        LaunchedTerminal.Quieten(environment);
        var info = RankDiscovery.Discover(environment, launch);
        var host = Dns.GetHostName();
        return new(info, info is null or { Size: 1 } ? null : MpiProcess.Start(info, environment, options, host), options, host);
    }

    /// <summary>A process alone, whatever the environment says.</summary>
    public static Cluster Alone(ClusterOptions? options = null) => new(null, null, options ?? new(), Dns.GetHostName());

    /// <summary>Runs a program on all ranks that live in this process and returns when they have ended. All processes call with the same number of threads.</summary>
    /// <param name="threads">Ranks of each process, at least 1.</param>
    /// <param name="program">The program of one rank. Its communicator is disposed when it returns.</param>
    /// <param name="local">How threads of one process wait for each other.</param>
    /// <exception cref="CommunicationException">A process is lost, or another rank failed; the message names it.</exception>
    /// <exception cref="RankFailedException">A rank of this process failed.</exception>
    public void Run(int threads, Action<ICommunicator> program, LocalOptions? local = null)
    {
        Require.AtLeast(nameof(Cluster), threads, 1);
        if (_process is null) RunAlone(threads, program, local);
        else RunOn(CreateWorld(threads, _options), program, (local ?? new()).Timeout);
    }

    /// <summary>What process 0 says, on every process. All call; only process 0 computes.</summary>
    public string FromFirst(Func<string> text) => _control is null ? text() : _control.BroadcastText(Rank == 0 ? text() : null);

    /// <summary>Every process's text, by process, on every process. All call.</summary>
    internal string[] GatherTexts(string text) => _control?.AllGatherText(text) ?? [text];

    /// <summary>By which address the other hosts reach that of each process; loopback where all are on one host. All call.</summary>
    internal IReadOnlyList<IPAddress> GatherAddresses() => HostAddresses.Of(Hosts, GatherTexts(_process is null ? "" : HostAddresses.Describe(_process.Watch.Socket)));

    /// <summary>While this process waits for others by other means than this cluster: that one of them is lost ends the process, with a message, as no wait can throw it.</summary>
    internal bool WaitsElsewhere
    {
        set
        {
            if (_process is not null) _process.Watch.SpeaksAtOnce = value;
        }
    }

    /// <summary>Where this process is in the run, for those who tell of its loss.</summary>
    internal void ReportStep(long step)
    {
        if (_process is not null) _process.Seats.Process.Step = step;
    }

    /// <summary>Tells all processes that this one can't go on; they end with an error that carries <paramref name="reason"/>.</summary>
    public void Abort(string reason)
    {
        if (_process is null || _process.Failed) return;
        _process.Failed = true;
        _process.Watch.Tell(new FailNotice(Verdict.Everything, $"Rank {Rank} on {Host} aborted: {reason}"));
    }

    /// <summary>Leaves the run. After a failure the others are not waited for.</summary>
    public void Dispose()
    {
        _control?.Dispose();
        _process?.Dispose();
    }

    private static void RunAlone(int threads, Action<ICommunicator> program, LocalOptions? local)
    {
        // A rank alone is the calling thread, and its errors are its own.
        if (threads == 1) program(LocalGroup.Create(1, local)[0]);
        else LocalRanks.Run(threads, program, local);
    }

    /// <summary>How processes wait for each other.</summary>
    internal ClusterOptions Options => _options;

    /// <summary>This process in MPI; null for one alone.</summary>
    internal MpiProcess? Process => _process;

    /// <summary>The communicators of all ranks that live in this process. All processes come here.</summary>
    internal ClusterCommunicator[] CreateWorld(int threads, ClusterOptions options)
    {
        if (_control!.AllGatherNumbers(threads).FirstOrDefault(count => count != threads) is > 0 and var other)
            throw new CommunicationException($"Process {Rank} is to have {threads} ranks, another one {other}: all processes of a run have the same number.");
        // A rank within MPI takes none of the strides between hosts for which others may wait.
        _process!.IsExclusive = threads == 1 && (_layout is null || _layout.Hosts == 1 || _layout.PerHost == 1);
        var seats = _process.Seats.Take(threads);
        if (_layout is null && threads > 1)
            throw new CommunicationException("Several ranks in each process need memory that the processes of each host share, and as many processes on every host, side by side: start more processes with one rank each.");
        // With one rank on each host there is nothing to share.
        if (_layout is null || (_layout.PerHost == 1 && threads == 1)) return [_process.CreateWorld(options)];
        var world = _process.NewWorld(options);
        var (size, ofHost) = (Size * threads, _layout.PerHost * threads);
        var team = _layout.CreateTeam(ofHost);
        if (_layout.Hosts == 1)
            return [.. seats.Select(seat => new HostCommunicator(team, world, seat, $"{world.Id}", [.. Enumerable.Range(0, size)], seat.Rank) { IsCrowded = size > HostProcessors.Count })];
        var last = _layout.CreateTeam(ofHost);
        var messages = _process.Join(world, seats[0], $"{world.Id}/processes", threads);
        int[] members = [.. Enumerable.Range(0, Size).Where(p => p % _layout.PerHost == _layout.Local)];
        var leaders = messages.SplitAs($"{world.Id}/hosts", _layout.Local, members, [.. members.Select(p => p * threads)]);
        return [.. seats.Select(seat => new HierarchicalCommunicator(world, seat, _layout, threads, (team, last), leaders, messages))];
    }

    /// <summary>Lets processes of the same host meet in memory. All processes come here; tests say that hosts are other than they are.</summary>
    internal void ShareMemory(IReadOnlyList<string> hosts) => _layout = HostLayout.Create(_control!, hosts);

    private void RunOn(ClusterCommunicator[] ranks, Action<ICommunicator> program, TimeSpan timeout)
    {
        var world = ranks[0].World;
        try
        {
            if (ranks.Length == 1) program(ranks[0]);
            else
            {
                var threads = new RankThreads(ranks, program, timeout);
                threads.Join();
                threads.ThrowIfFailed();
            }
        }
        catch (Exception e)
        {
            _process!.Failed = true;
            if (e is not CommunicationException || !world.Failed) ranks[0].Abort(e.Message);
            throw;
        }
        finally
        {
            // Only now, or the others would hear that this rank has left, and not why.
            if (ranks.Length == 1) ranks[0].Dispose();
        }
        if (world.Failed) _process!.Failed = true;
    }

    /// <summary>The answer that came back soonest was least delayed: rank 0's clock was read in the middle (Cristian, 1989).</summary>
    private double MeasureClockOffset(ICommunicator world)
    {
        const int Rounds = 20;
        var time = Tensor.Zeros(DType.Int64, Shape.Scalar);
        var (offset, least) = (0L, long.MaxValue);
        for (var other = 1; other < Size; other++)
        {
            if (Hosts[other] == Hosts[0] || (Rank != 0 && Rank != other)) continue;
            for (var round = 0; round < Rounds; round++)
            {
                var sent = Stopwatch.GetTimestamp();
                if (Rank == 0)
                {
                    world.Receive(time, other);
                    time.Span<long>()[0] = Stopwatch.GetTimestamp();
                    world.Send(time, other);
                    continue;
                }
                world.Send(time, 0);
                world.Receive(time, 0);
                var trip = Stopwatch.GetTimestamp() - sent;
                if (trip < least) (offset, least) = (time.Item<long>() - sent - trip / 2, trip);
            }
        }
        GC.KeepAlive(time);
        return offset * 1e6 / Stopwatch.Frequency;
    }
}
