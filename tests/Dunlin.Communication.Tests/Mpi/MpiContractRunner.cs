using System.Reflection;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Xunit.Sdk;

namespace Dunlin.Communication.Tests;

/// <summary>
/// The contract on ranks that are processes: every process runs every case that wants as many ranks as there are, in the same order. Worlds are made anew for each group, so one that has failed
/// does not matter to the next case.
/// </summary>
internal sealed class MpiContractRunner : CommunicatorContract
{
    private static Cluster s_cluster = null!;
    private static ICommunicator s_control = null!;
    private static Mode s_mode = null!;
    private static bool s_otherSize;

    /// <summary>A kind of group to keep the contract.</summary>
    /// <param name="Name">As the command line says it.</param>
    /// <param name="Threads">Ranks of each process.</param>
    /// <param name="IsShared">Whether they meet in shared memory, not in MPI.</param>
    /// <param name="ComparesCalls">Whether calls are compared; without, cases that need it are left out.</param>
    /// <param name="Hosts">On how many hosts the processes are said to be.</param>
    /// <param name="IsPart">Whether it is not the world, but a group that was split off, of all its ranks.</param>
    internal sealed record Mode(string Name, int Threads = 1, bool IsShared = false, bool ComparesCalls = false, int Hosts = 1, bool IsPart = false)
    {
        /// <summary>How many processes can run in it: several, on each host as many, and at most 7 ranks.</summary>
        public IEnumerable<int> Processes => Enumerable.Range(2, 6).Where(processes => processes * Threads <= 7 && processes % Hosts == 0);
    }

    /// <summary>MPI alone, checking or not, with long messages in many pieces; shared memory, with one rank in each process or several.</summary>
    internal static IReadOnlyList<Mode> Modes { get; } =
        [new("mpi-checked", ComparesCalls: true), new("mpi"), new("mpi-pieces"), new("shared", IsShared: true, ComparesCalls: true), new("shared-threads", Threads: 2, IsShared: true, ComparesCalls: true),
            new("hosts", IsShared: true, Hosts: 2), new("hosts-threads", Threads: 2, IsShared: true, Hosts: 2),
            new("hosts-three", Threads: 3, IsShared: true, Hosts: 2), new("part", Threads: 2, IsShared: true, Hosts: 2, IsPart: true), new("part-three", Threads: 3, IsShared: true, Hosts: 2, IsPart: true)];

    /// <summary>Runs the cases and prints a line for each: PASS or FAIL, and its name.</summary>
    /// <param name="mode">One of <see cref="Modes"/>.</param>
    /// <param name="filter">Methods to run; all unless given.</param>
    /// <returns>0 if all passed.</returns>
    public static int Run(string mode, IReadOnlyList<string> filter)
    {
        s_mode = Modes.Single(m => m.Name == mode);
        if (mode == "mpi-pieces") MpiLaunch.Most = 97;
        s_cluster = Cluster.Join();
        s_control = s_cluster.Process!.CreateWorld(new());
        if (s_mode.Hosts > 1) s_cluster.ShareMemory([.. Enumerable.Range(0, s_cluster.Size).Select(p => $"host {p * s_mode.Hosts / s_cluster.Size}")]);
        var failures = 0;
        foreach (var (method, arguments) in Cases().Where(c => filter.Count == 0 || filter.Contains(c.Method.Name)))
        {
            if (!s_mode.ComparesCalls && NeedsComparison(method)) continue;
            // A part's ranks have longer names.
            if (s_mode.IsPart && method.Name == nameof(An_abort_ends_every_wait_also_in_groups_that_were_split_off)) continue;
            s_otherSize = false;
            // Who fails while others wait within the library ends their processes: that is tested by processes that are lost.
            s_cluster.Process.IsExclusive = !IsFailure(method);
            var error = ErrorOf(method, arguments);
            if (s_otherSize) continue;
            var failed = Tensor.From([error is null ? 0 : 1]);
            s_control.AllReduce(failed);
            var name = $"{method.Name}({string.Join(", ", arguments)})";
            if (error is not null) Console.Error.WriteLine($"[r{s_cluster.Rank}] {name}: {error}");
            if (failed.Item<int>() > 0) failures++;
            if (s_cluster.Rank == 0) Console.WriteLine($"{(failed.Item<int>() == 0 ? "PASS" : "FAIL")} {name}");
        }
        s_control.Barrier();
        s_control.Dispose();
        s_cluster.Dispose();
        return failures == 0 ? 0 : 1;
    }

    /// <summary>The contract's methods, which tests count on to have run.</summary>
    public static IEnumerable<MethodInfo> Methods() => typeof(CommunicatorContract).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(m => m.GetCustomAttribute<FactAttribute>() is not null).OrderBy(m => m.Name, StringComparer.Ordinal);

    protected override void OnRanks(int size, Action<ICommunicator> body, TimeSpan timeout)
    {
        if (size != s_cluster.Size * s_mode.Threads)
        {
            s_otherSize = true;
            return;
        }
        var options = new ClusterOptions { Timeout = timeout, CheckCalls = s_mode.ComparesCalls };
        var exclusive = s_cluster.Process!.IsExclusive;
        ClusterCommunicator[] ranks = s_mode.IsShared ? s_cluster.CreateWorld(s_mode.Threads, options) : [s_cluster.Process.CreateWorld(options)];
        s_cluster.Process.IsExclusive = exclusive;
        var world = ranks[0].World;
        Exception? error = null;
        try
        {
            var threads = new RankThreads(ranks, s_mode.IsPart ? world => body(world.Split(0, 0)) : body, TimeSpan.FromSeconds(30));
            threads.Join();
            threads.ThrowIfFailed();
        }
#pragma warning disable CA1031 // Whatever it is, it is this process's result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = e;
        }
        var failed = Tensor.From([error is null ? 0 : 1]);
        s_control.AllReduce(failed);
        if (failed.Item<int>() == 0) return;
        if (error is not null) throw error;
        // What threads would see as one error of the group, this process hears from the others.
        world.AwaitReason();
        world.ThrowIfFailed();
        throw new InvalidOperationException("Another rank failed, and this one was not told.");
    }

    private static IEnumerable<(MethodInfo Method, object[] Arguments)> Cases() => Methods().SelectMany(method =>
        method.GetCustomAttributes<DataAttribute>().ToList() is { Count: > 0 } data
            ? data.SelectMany(d => d.GetData(method)).Select(row => (method, row))
            : [(method, Array.Empty<object>())]);

    private static bool IsFailure(MethodInfo method) => NeedsComparison(method) || method.Name is nameof(A_rank_that_leaves_is_named_to_those_who_wait_for_it)
        or nameof(A_sender_that_has_left_is_named_to_its_receiver) or nameof(An_abort_ends_every_wait_also_in_groups_that_were_split_off)
        or nameof(A_rank_that_never_comes_is_named_after_the_time_out) or nameof(After_a_failure_every_call_fails_with_the_first_reason);

    private static bool NeedsComparison(MethodInfo method) => method.Name is nameof(Different_collectives_are_an_error_that_names_both_calls_and_ranks)
        or nameof(A_different_type_count_or_reduction_is_an_error) or nameof(A_mismatch_is_found_while_a_third_rank_is_still_away)
        or nameof(Send_and_receive_of_different_length_are_an_error);

    private static Exception? ErrorOf(MethodInfo method, object[] arguments)
    {
        try
        {
            method.Invoke(new MpiContractRunner(), arguments);
            return null;
        }
        catch (TargetInvocationException e)
        {
            return e.InnerException;
        }
    }
}
