using Dunlin.Tensors.Kernels;
using Dunlin.Tensors.Kernels.OneDnn.Abi26;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnKernelsTests
{
    [Fact]
    public void The_set_is_the_default_where_it_is_installed_and_says_what_it_is()
    {
        Assert.Same(OneDnnSet.Required, KernelSets.Resolve(null));
        Assert.Same(OneDnnSet.Required, KernelSets.Resolve("OneDNN"));
        Assert.Equal("managed", KernelSets.Resolve("managed").Name);
        Assert.Matches(@"^oneDNN 2\.\d+\.\d+ \(.+, OpenMP threads\)$", OneDnnSet.Required.Description);
    }

    [Fact]
    public void A_missing_library_is_told_in_a_sentence_with_its_remedy()
    {
        var (library, problem) = Library.Load("libdnnl.so.99");
        Assert.Null(library);
        Assert.StartsWith("libdnnl.so.99 is not installed; install libdnnl 2.6 (", problem);
    }

    [Fact]
    public void Reorders_serve_what_touches_a_layout_of_the_library()
    {
        using var team = OneDnnSet.Team();
        Shape shape = [2, 20, 5, 3];
        var blocked = OneDnnPoolingTests.Blocked(shape, team);
        var x = KernelOperands.Sample(new ReorderSpec(DType.Float32, shape, MemoryLayout.Plain, blocked))[0];
        var there = Place.Plain(x).To(blocked, OneDnnSet.Required, team);
        Assert.Equal(x.ToArray<float>(), there.ToPlain(OneDnnSet.Required, team).ToArray<float>());
        Assert.Null(OneDnnSet.Required.TryPrepare(new ReorderSpec(DType.Float32, shape, MemoryLayout.Plain, MemoryLayout.Plain), [], team));
        Assert.Null(OneDnnSet.Required.TryPrepare(new ReorderSpec(DType.Float32, [1, 1], MemoryLayout.Plain, blocked), [], team));
    }

    [Fact]
    public void Ranks_run_kernels_at_the_same_time_on_threads_of_their_own()
    {
        var geometry = new ConvGeometry([2, 16, 12, 12], [24, 16, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1);
        var errors = new Exception?[3];
        Thread[] ranks = [.. errors.Select((_, rank) => new Thread(() =>
        {
            try
            {
                using var team = OneDnnSet.Required.CreateTeam(1 + rank % 2);
                for (var round = 0; round < 5; round++)
                    KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvBackwardWeightsSpec(DType.Float32, geometry, Bias: true), team);
            }
            catch (Exception e) { errors[rank] = e; }
        }))];
        foreach (var rank in ranks) rank.Start();
        foreach (var rank in ranks) Assert.True(rank.Join(TimeSpan.FromSeconds(60)));
        Assert.All(errors, Assert.Null);
    }

    [Fact]
    public unsafe void A_disposed_kernel_says_so()
    {
        using var team = OneDnnSet.Team();
        var kernel = KernelRunner.Prepare(OneDnnSet.Required, new MatMulSpec(DType.Float32, 1, 1, 1, 1), team);
        kernel.Dispose();
        kernel.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kernel.Run(null, team));
    }
}
