using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans;

/// <summary>
/// What flows between kernels of the default set, which with oneDNN have layouts of their own, against the managed set in Float64, which has only plain ones.
/// </summary>
public class LayoutTests
{
    [Fact]
    public void Truth_values_and_wider_numbers_leave_a_blocked_layout() => Same(DType.Float32, 1e-4, (x, w) =>
    {
        var y = x.Conv(w);
        return [(y > 0.1).Cast(DType.Float64), y.Cast(DType.Float64), y.Relu()];
    });

    [Fact]
    public void A_small_network_in_sixteen_bits_and_its_gradients_are_those_of_wide_numbers()
    {
        foreach (var (type, tolerance) in new[] { (DType.Float32, 1e-4), (DType.BFloat16, 0.06), (DType.Float16, 0.01) })
            Same(type, tolerance, (x, w) =>
            {
                Value Vector(double value) => x.Graph.Constant(Tensor.From([.. Enumerable.Repeat(value, w.Shape[0])], [w.Shape[0]])).Cast(x.Type);
                var y = x.Conv(w, Sliding.Uniform(2, padding: 1)).BatchNorm(Vector(1.25), Vector(0.5)).Y.Relu().AveragePool([3, 3], Sliding.Uniform(2, stride: 2));
                var loss = (y * y).Mean();
                return [y, .. Gradients.Of(loss, x, w).Select(g => g!.Dense() * 100)];
            });
    }

    private static void Same(DType type, double tolerance, Func<Value, Value, Value[]> function)
    {
        // 32 channels fill whole blocks, or no element-wise operation would run in a blocked layout.
        var (x, w) = (Numbers.Signed(2, 20, 9, 7), Numbers.Signed(32, 20, 3, 3));
        var expected = Run(KernelSets.Managed, DType.Float64, x, w, function);
        foreach (var set in new[] { KernelSets.Default, KernelSets.Managed })
        {
            var actual = Run(set, type, x, w, function);
            for (var i = 0; i < expected.Length; i++)
            {
                var scale = Math.Max(1, expected[i].Max(Math.Abs));
                Assert.Equal(expected[i].Length, actual[i].Length);
                for (var e = 0; e < expected[i].Length; e++)
                    Assert.True(Math.Abs(expected[i][e] - actual[i][e]) <= tolerance * scale, $"{set.Name}, {type}, result {i}, element {e}: {actual[i][e]} instead of {expected[i][e]}.");
            }
        }
    }

    /// <summary>Inputs and results are converted at the border, so that all runs get the same numbers.</summary>
    private static double[][] Run(IKernelSet kernels, DType type, Tensor x, Tensor w, Func<Value, Value, Value[]> function)
    {
        var graph = new Graph();
        Value[] feeds = [graph.Placeholder("x", DType.Float64, x.Shape), graph.Placeholder("w", DType.Float64, w.Shape)];
        // Through 16 bits for all, or the inputs would differ.
        var results = function(feeds[0].Cast(DType.BFloat16).Cast(type), feeds[1].Cast(DType.BFloat16).Cast(type) * 0.125);
        using var session = new Session(graph, new SessionOptions { Threads = 2, Kernels = kernels });
        return [.. session.Compile(feeds, [.. results.Select(r => r.Cast(DType.Float64))]).Run([x, w]).Select(t => t.ToArray<double>())];
    }
}
