using System.Collections.Concurrent;
using Dunlin.Tensors.Kernels.OneDnn;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OpenMpTeamTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_worker_is_called_once(int size)
    {
        using var team = OneDnnSet.Required.CreateTeam(size);
        var seen = new ConcurrentBag<(int, int)>();
        for (var round = 0; round < 3; round++) team.Run(new Work((worker, workers) => seen.Add((worker, workers))));
        Assert.Equal(Enumerable.Range(0, size).SelectMany(w => Enumerable.Repeat((w, size), 3)), seen.Order());
    }

    [Fact]
    public void A_worker_s_exception_reaches_the_caller_and_the_team_goes_on()
    {
        using var team = OneDnnSet.Required.CreateTeam(2);
        var error = Assert.Throws<DunlinException>(() => team.Run(new Work((worker, _) =>
        {
            if (worker == 1) throw new DunlinException("worker one");
        })));
        Assert.Equal("worker one", error.Message);
        var calls = 0;
        team.Run(new Work((_, _) => Interlocked.Increment(ref calls)));
        Assert.Equal(2, calls);
    }

    [Fact]
    public void Running_work_allocates_nothing()
    {
        using var team = OneDnnSet.Required.CreateTeam(2);
        var work = new Work((_, _) => { });
        for (var i = 0; i < 100; i++) team.Run(work);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) team.Run(work);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Each_calling_thread_has_a_thread_budget_of_its_own()
    {
        using var barrier = new Barrier(2);
        int[] budgets = new int[2];
        Thread[] ranks = [.. Enumerable.Range(0, 2).Select(rank => new Thread(() =>
        {
            using var team = OneDnnSet.Required.CreateTeam(rank + 1);
            team.Enter();
            barrier.SignalAndWait(TimeSpan.FromSeconds(10));
            budgets[rank] = OpenMp.omp_get_max_threads();
        }))];
        foreach (var rank in ranks) rank.Start();
        foreach (var rank in ranks) Assert.True(rank.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal([1, 2], budgets);
    }

    private sealed class Work(Action<int, int> body) : IParallelWork
    {
        public void Execute(int worker, int workers) => body(worker, workers);
    }
}
