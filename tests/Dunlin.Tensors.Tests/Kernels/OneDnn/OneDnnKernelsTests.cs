using Dunlin.Tensors.Kernels;
using Dunlin.Tensors.Kernels.OneDnn;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnKernelsTests
{
    [Fact]
    public void The_set_is_the_default_where_it_is_installed_and_says_what_it_is()
    {
        Assert.Same(OneDnnSet.Required, KernelSets.Resolve(null));
        Assert.Same(OneDnnSet.Required, KernelSets.Resolve("OneDNN"));
        Assert.Equal("managed", KernelSets.Resolve("managed").Name);
        Assert.Equal("onednn-direct", KernelSets.Resolve("onednn-direct").Name);
        Assert.Equal("managed-direct", KernelSets.Resolve("managed-direct").Name);
        Assert.Matches(@"^oneDNN [23]\.\d+\.\d+ \(.+, OpenMP threads\)$", OneDnnSet.Required.Description);
    }

    [Fact]
    public void A_missing_library_is_told_in_a_sentence_with_its_remedy()
    {
        Assert.Null(OneDnnLibrary.Load(["libdnnl.so.99"]).Abi);
        Assert.StartsWith("libdnnl.so.99 is not installed; install oneDNN 3 (", OneDnnLibrary.Load(["libdnnl.so.99"]).Problem);
        Assert.StartsWith("libdnnl.so.99 or libdnnl.so.98 is not installed; ", OneDnnLibrary.Load(["libdnnl.so.99", "libdnnl.so.98"]).Problem);
        Assert.StartsWith("libm.so.6 is not oneDNN; ", OneDnnLibrary.Load(["libm.so.6", "libdnnl.so.99"]).Problem);
    }

    [Fact]
    public void Newer_files_are_tried_first()
    {
        Assert.Equal("libdnnl.so.2", OneDnnLibrary.Files[^1]);
        Assert.Equal("libdnnl.so.3", OneDnnLibrary.Files[0]);
        Assert.Equal(["libdnnl.so.3.10", "libdnnl.so.3.6"], OneDnnLibrary.Files.Where(f => f is "libdnnl.so.3.6" or "libdnnl.so.3.10"));
    }

    [Theory, InlineData("aBc8b"), InlineData("aBcd4b"), InlineData("aBcd8b"), InlineData("aBcd16b"), InlineData("aBcde16b"), InlineData("acdb"), InlineData("abc")]
    public void A_form_made_to_order_is_read_back(string name)
    {
        // The channels are dimension b; blocks of them are spelt like "16b" after the order.
        var order = name.TrimEnd('b').TrimEnd([.. "0123456789"]).ToLowerInvariant();
        if (name == order || name == order + "b") order = name;
        (int, int)[] blocks = name == order ? [] : [(int.Parse(name[order.Length..^1]), 1)];
        int[] lengths = [2, 19, 5, 3, 4];
        lengths = lengths[..order.Length];
        var first = new MemoryForm(DataType.Float32, lengths, lengths, [.. lengths.Select((_, d) => (long)(10 - order.IndexOf((char)('a' + d))))], blocks);
        var form = first.WithLengths(lengths);
        Assert.Equal(name, form.ToString());
        var read = OneDnnSet.Abi.Formed(form).Form;
        Assert.Equal(name, read.ToString());
        Assert.Equal(form.PaddedLengths, read.PaddedLengths);
        Assert.Equal(form.Strides, read.Strides);
        Assert.Equal(form.HasPadding, blocks.Length > 0);
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
