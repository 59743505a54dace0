using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Differentiation;

public class MatrixTests
{
    public static TheoryData<string> Nets => ["mlp", "lenet", "layer norm", "embedding"];

    [Theory, MemberData(nameof(Nets))]
    public void Per_example_gradients_are_those_of_each_example_and_their_mean_is_the_batchs(string kind)
    {
        const int Examples = 5;
        var net = Net.Make(kind, Examples);
        var each = Gradients.PerExample(net.Loss, net.Batch, net.Parameters);
        var mean = Gradients.Of(net.Loss, net.Parameters);
        using var session = new Session(net.Loss.Graph);
        var results = session.Compile([.. net.Batch, .. net.Parameters], [.. each, .. mean.Select(g => g!.Dense())]).Run([.. net.Examples, .. net.Weights]);
        var one = Net.Make(kind, 1);
        using var single = new Session(one.Loss.Graph);
        var step = single.Compile([.. one.Batch, .. one.Parameters], [.. Gradients.Of(one.Loss, one.Parameters).Select(g => g!.Dense())]);
        var loop = Enumerable.Range(0, Examples).Select(e => step.Run([.. net.Examples.Select(x => Row(x, e)), .. net.Weights])).ToList();
        for (var p = 0; p < each.Count; p++)
        {
            Assert.Equal(Shape.Of(Examples).Append(net.Parameters[p].Shape.Dimensions), results[p].Shape);
            Close([.. loop.SelectMany(r => r[p].ToArray<double>())], results[p].ToArray<double>());
            var sums = new double[net.Weights[p].ElementCount];
            for (var i = 0; i < results[p].ElementCount; i++) sums[i % sums.Length] += results[p].Span<double>()[i] / Examples;
            Close(results[each.Count + p].ToArray<double>(), sums);
        }
    }

    /// <summary>The rows of a Jacobian are products with the same mask; each used to lose elements of its own.</summary>
    [Fact]
    public void The_jacobian_of_dropout_has_what_dropout_kept_on_its_diagonal()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [40]);
        var y = x.Dropout(graph.Constant(3, DType.Int64), 0.4, seed: 1, stream: 2);
        using var session = new Session(graph);
        var results = session.Run([y, Gradients.Jacobian(y, x)], (x, Tensor.From(Enumerable.Repeat(1.0, 40).ToArray())));
        var kept = results[0].ToArray<double>();
        Assert.InRange(kept.Count(k => k == 0), 5, 30);
        Assert.Equal(Enumerable.Range(0, 1600).Select(i => i % 41 == 0 ? kept[i / 41] : 0), results[1].ToArray<double>());
    }

    [Theory, MemberData(nameof(Nets))]
    public void The_hessian_product_is_symmetric_and_agrees_with_differences_of_gradients(string kind)
    {
        var net = Net.Make(kind, 4);
        var graph = net.Loss.Graph;
        Tensor[] u = Random(net, 20), v = Random(net, 40);
        Value[] Constants(Tensor[] tensors) => [.. tensors.Select(t => graph.Constant(t))];
        Value[] feeds = [.. net.Batch, .. net.Parameters];
        using var session = new Session(graph);
        var (hu, hv) = (Gradients.HessianProduct(net.Loss, net.Parameters, Constants(u)), Gradients.HessianProduct(net.Loss, net.Parameters, Constants(v)));
        var results = session.Compile(feeds, [.. hu, .. hv]).Run([.. net.Examples, .. net.Weights]);
        var n = u.Length;
        Assert.Equal(Enumerable.Range(0, n).Sum(i => RandomTensors.Dot(results[i], v[i])), Enumerable.Range(0, n).Sum(i => RandomTensors.Dot(results[n + i], u[i])), 1e-10);
        var gradient = session.Compile(feeds, [.. Gradients.Of(net.Loss, net.Parameters).Select(g => g!.Dense())]);
        var (above, below) = (gradient.Run([.. net.Examples, .. Moved(net, u, 1e-5)]), gradient.Run([.. net.Examples, .. Moved(net, u, -1e-5)]));
        for (var i = 0; i < n; i++)
            Close([.. above[i].ToArray<double>().Zip(below[i].ToArray<double>(), (a, b) => (a - b) / 2e-5)], results[i].ToArray<double>(), 1e-6);
    }

    [Theory]
    [InlineData(2, 5)]
    [InlineData(5, 2)]
    public void A_jacobian_is_the_matrix_of_all_partial_derivatives_whichever_way_it_is_computed(int rows, int columns)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [1, columns]);
        var w = RandomTensors.Normal([columns, rows], 1);
        var jacobian = Gradients.Jacobian(x.Sin().MatMul(graph.Constant(w)), x);
        Assert.Equal(Shape.Of(1, rows, 1, columns), jacobian.Shape);
        var at = RandomTensors.Normal([1, columns], 2);
        using var session = new Session(graph);
        var expected = from r in Enumerable.Range(0, rows) from c in Enumerable.Range(0, columns) select Math.Cos(at.Span<double>()[c]) * w.Span<double>()[c * rows + r];
        Close([.. expected], session.Run(jacobian, (x, at)).ToArray<double>());
        Assert.Equal(new double[6], session.Run(Gradients.Jacobian(x.StopGradient().Sum().BroadcastTo([6]), x.Sum()), (x, at)).ToArray<double>());
    }

    [Fact]
    public void A_hessian_is_the_matrix_of_all_second_derivatives()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        // Σ xᵢ²xⱼ over neighbours: tridiagonal.
        var y = (x.StridedSlice(0..2).Square() * x.StridedSlice(1..3)).Sum();
        using var session = new Session(graph);
        Assert.Equal([2.0 * 2, 2 * 1, 0, 2 * 1, 2 * 3, 2 * 2, 0, 2 * 2, 0], session.Run(Gradients.Hessian(y, x), (x, Tensor.From([1.0, 2, 3]))).ToArray<double>());
    }

    [Fact]
    public void Shapes_that_have_to_be_known_are_asked_for()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown]);
        Assert.Contains("has to be known", Assert.Throws<ShapeException>(() => Gradients.Jacobian(x.Exp(), x)).Message, StringComparison.Ordinal);
    }

    private static Tensor[] Random(Net net, uint stream) => [.. net.Weights.Select((w, i) => RandomTensors.Normal(w.Shape, stream + (uint)i))];

    private static Tensor[] Moved(Net net, Tensor[] direction, double by) => [.. net.Weights.Select((w, i) =>
    {
        var moved = w.Clone();
        for (var e = 0; e < w.ElementCount; e++) moved.Span<double>()[e] += by * direction[i].Span<double>()[e];
        return moved;
    })];

    private static Tensor Row(Tensor x, int row)
    {
        var one = Tensor.Uninitialized(x.Type, x.Shape.With(0, 1));
        x.RawBytes.Slice((int)(row * one.Bytes), (int)one.Bytes).CopyTo(one.RawBytes);
        return one;
    }

    private static void Close(double[] expected, double[] actual, double tolerance = 1e-10)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i} is {actual[i]}, not {expected[i]}.");
    }
}
