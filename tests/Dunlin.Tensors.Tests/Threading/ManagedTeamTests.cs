namespace Dunlin.Tensors.Tests.Threading;

public class ManagedTeamTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_worker_runs_once_each_time_through_thousands_of_uses(int size)
    {
        using var team = new ManagedTeam(size);
        var count = new Count(size);
        for (var i = 1; i <= 3000; i++)
        {
            team.Run(count);
            Assert.All(count.Calls, calls => Assert.Equal(i, calls));
        }
    }

    [Fact]
    public void A_team_that_fell_asleep_wakes_for_new_work()
    {
        using var team = new ManagedTeam(3);
        var count = new Count(3);
        using var pause = new ManualResetEventSlim();
        for (var i = 1; i <= 20; i++)
        {
            team.Run(count);
            pause.Wait(TimeSpan.FromMilliseconds(2));
        }
        Assert.All(count.Calls, calls => Assert.Equal(20, calls));
    }

    [Theory, InlineData(0), InlineData(2)]
    public void An_exception_of_any_worker_is_thrown_at_the_caller_and_the_team_goes_on(int failing)
    {
        using var team = new ManagedTeam(3);
        for (var i = 0; i < 50; i++)
            Assert.Equal($"worker {failing}", Assert.Throws<InvalidOperationException>(() => team.Run(new Failing(failing))).Message);
        var count = new Count(3);
        team.Run(count);
        Assert.All(count.Calls, calls => Assert.Equal(1, calls));
    }

    [Fact]
    public void Running_work_allocates_nothing()
    {
        using var team = new ManagedTeam(2);
        var count = new Count(2);
        team.Run(count);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) team.Run(count);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory, InlineData(10, 3, 1), InlineData(100, 7, 16), InlineData(0, 2, 4), InlineData(5, 8, 2)]
    public void Shares_cover_all_items_once_in_order_and_start_at_whole_grains(long count, int workers, long grain)
    {
        var next = 0L;
        for (var worker = 0; worker < workers; worker++)
        {
            var (begin, end) = ThreadTeam.Share(count, worker, workers, grain);
            Assert.Equal(next, begin);
            Assert.True(begin == count || begin % grain == 0);
            next = end;
        }
        Assert.Equal(count, next);
    }

    private sealed class Count(int size) : IParallelWork
    {
        public int[] Calls { get; } = new int[size];

        public void Execute(int worker, int workers)
        {
            if (workers == Calls.Length) Calls[worker]++;
        }
    }

    private sealed class Failing(int failing) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker == failing) throw new InvalidOperationException($"worker {worker}");
        }
    }
}
