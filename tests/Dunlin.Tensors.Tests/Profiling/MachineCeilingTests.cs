namespace Dunlin.Tensors.Tests.Profiling;

public class MachineCeilingTests
{
    private static readonly MachineCeiling Known = new(2, 50e9, [(1000, 40e9), (10_000, 20e9), (1_000_000, 5e9)]);

    [Fact]
    public void What_is_measured_is_of_a_machine()
    {
        var ceiling = MachineCeiling.Measure(1);
        Assert.InRange(ceiling.Flops, 1e8, 1e12);
        Assert.InRange(ceiling.MemoryBytes, 1e8, 1e12);
        Assert.Equal(ceiling.Caches.OrderByDescending(c => c.Rate), ceiling.Caches);
        Assert.Equal(ceiling.Caches.OrderBy(c => c.Bytes), ceiling.Caches);
    }

    [Fact]
    public void A_kernel_takes_as_long_as_the_slower_of_arithmetic_and_memory()
    {
        Assert.Equal(1, Known.LeastSeconds(100_000_000_000, 0), 1e-9);
        Assert.Equal(1, Known.LeastSeconds(100_000_000_000, 1_000_000), 1e-9);
        Assert.Equal(1, Known.LeastSeconds(1_000_000_000, 10_000_000_000), 1e-9);
        Assert.Equal(0, Known.LeastSeconds(0, 0));
    }

    [Theory, InlineData(10, 80e9), InlineData(2_000, 80e9), InlineData(19_999, 80e9), InlineData(20_000, 40e9), InlineData(2_000_000, 10e9), InlineData(900_000_000, 10e9)]
    public void Small_sets_are_as_near_as_the_next_smaller_one_that_was_measured(long bytes, double rate) => Assert.Equal(bytes / rate, Known.LeastSeconds(0, bytes), 1e-15);

    [Fact]
    public void A_part_of_the_threads_has_a_part_of_the_rates()
    {
        Assert.Equal(50e9, Known.Of(1).Flops);
        Assert.Equal(5e9, Known.Of(1).MemoryBytes);
        Assert.Equal([(1000L, 40e9), (10_000L, 20e9), (1_000_000L, 5e9)], Known.Of(1).Caches);
    }

    [Fact]
    public void No_threads_measure_nothing() => Assert.Contains("MachineCeiling: threads is at least 1, not 0", Assert.Throws<InvalidValueException>(() => MachineCeiling.Measure(0)).Message, StringComparison.Ordinal);
}
