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
    private static MpiProcess s_process = null!;
    private static MpiCommunicator s_control = null!;
    private static bool s_checkCalls;
    private static bool s_otherSize;

    /// <summary>Runs the cases and prints a line for each: PASS or FAIL, and its name.</summary>
    /// <param name="mode">checked: calls are compared; plain: they are not, and cases that need it are left out; pieces: plain, with long messages in many pieces.</param>
    /// <param name="filter">Methods to run; all unless given.</param>
    /// <returns>0 if all passed.</returns>
    public static int Run(string mode, IReadOnlyList<string> filter)
    {
        s_checkCalls = mode == "checked";
        if (mode == "pieces") MpiLaunch.Most = 97;
        var environment = StartupEnvironment.All();
        var info = RankDiscovery.Discover(environment) ?? throw new LaunchException("Start this with mpirun.");
        s_process = MpiProcess.Start(info, environment, new(), System.Net.Dns.GetHostName());
        s_control = s_process.CreateWorld(new());
        var failures = 0;
        foreach (var (method, arguments) in Cases().Where(c => filter.Count == 0 || filter.Contains(c.Method.Name)))
        {
            if (!s_checkCalls && NeedsChecks(method)) continue;
            s_otherSize = false;
            // Who fails while others wait within the library ends their processes: that is tested by processes that are lost.
            s_process.IsExclusive = !IsFailure(method);
            var error = ErrorOf(method, arguments);
            if (s_otherSize) continue;
            var failed = Tensor.From([error is null ? 0 : 1]);
            s_control.AllReduce(failed);
            var name = $"{method.Name}({string.Join(", ", arguments)})";
            if (error is not null) Console.Error.WriteLine($"[r{s_process.Rank}] {name}: {error}");
            if (failed.Item<int>() > 0) failures++;
            if (s_process.Rank == 0) Console.WriteLine($"{(failed.Item<int>() == 0 ? "PASS" : "FAIL")} {name}");
        }
        s_control.Barrier();
        s_control.Dispose();
        s_process.Dispose();
        return failures == 0 ? 0 : 1;
    }

    /// <summary>The contract's methods, which tests count on to have run.</summary>
    public static IEnumerable<MethodInfo> Methods() => typeof(CommunicatorContract).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(m => m.GetCustomAttribute<FactAttribute>() is not null).OrderBy(m => m.Name, StringComparer.Ordinal);

    protected override void OnRanks(int size, Action<ICommunicator> body, TimeSpan timeout)
    {
        if (size != s_process.Size)
        {
            s_otherSize = true;
            return;
        }
        var world = s_process.CreateWorld(new ClusterOptions { Timeout = timeout, CheckCalls = s_checkCalls });
        Exception? error = null;
        try
        {
            using (world) body(world);
        }
#pragma warning disable CA1031 // Whatever it is, it is this rank's result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = e;
            if (!world.World.Failed) world.Abort(e.Message);
        }
        var failed = Tensor.From([error is null ? 0 : 1]);
        s_control.AllReduce(failed);
        if (failed.Item<int>() == 0) return;
        if (error is not null) throw error;
        // What threads would see as one error of the group, this process hears from the others.
        using var never = new ManualResetEventSlim();
        for (var i = 0; i < 200 && !world.World.Failed; i++) never.Wait(10);
        world.World.ThrowIfFailed();
        throw new InvalidOperationException("Another rank failed, and this one was not told.");
    }

    private static IEnumerable<(MethodInfo Method, object[] Arguments)> Cases() => Methods().SelectMany(method =>
        method.GetCustomAttributes<DataAttribute>().ToList() is { Count: > 0 } data
            ? data.SelectMany(d => d.GetData(method)).Select(row => (method, row))
            : [(method, Array.Empty<object>())]);

    private static bool IsFailure(MethodInfo method) => NeedsChecks(method) || method.Name is nameof(A_rank_that_leaves_is_named_to_those_who_wait_for_it)
        or nameof(A_sender_that_has_left_is_named_to_its_receiver) or nameof(An_abort_ends_every_wait_also_in_groups_that_were_split_off)
        or nameof(A_rank_that_never_comes_is_named_after_the_time_out) or nameof(After_a_failure_every_call_fails_with_the_first_reason);

    private static bool NeedsChecks(MethodInfo method) => method.Name is nameof(Different_collectives_are_an_error_that_names_both_calls_and_ranks)
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
