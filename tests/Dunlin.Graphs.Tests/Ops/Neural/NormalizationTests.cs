using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Neural;

public class NormalizationTests
{
    private static double[] Doubles(Func<IReadOnlyList<Value>, Value> function, params Tensor[] x) => Evaluate.Of(function, 2, x).ToArray<double>();

    private static void Near(double[] expected, double[] actual, double tolerance = 1e-12) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a)));

    [Theory, InlineData(5, 0.75), InlineData(3, 0.5), InlineData(2, 1), InlineData(4, 0.6), InlineData(9, 0.75)]
    public void Local_response_divides_by_the_neighbouring_channels_power(int size, double beta)
    {
        // More positions than a block holds.
        var x = Signed(2, 7, 9, 11);
        var (a, y) = (x.ToArray<double>(), Doubles(v => v[0].LocalResponseNorm(size, 0.3, beta, 2), x));
        for (var i = 0; i < a.Length; i++)
        {
            var (n, c, s) = (i / (7 * 99), i / 99 % 7, i % 99);
            var sum = 0.0;
            for (var j = Math.Max(0, c - size / 2); j <= Math.Min(6, c + (size - 1) / 2); j++) sum += a[(n * 7 + j) * 99 + s] * a[(n * 7 + j) * 99 + s];
            Assert.Equal(a[i] / Math.Pow(2 + 0.3 / size * sum, beta), y[i], 1e-12);
        }
        var narrow = Evaluate.Of(v => v[0].Cast(DType.Float32).LocalResponseNorm(size, 0.3, beta, 2).Cast(DType.Float64), x);
        Near(y, narrow.ToArray<double>(), 1e-6);
    }

    [Fact]
    public void Groups_have_mean_0_and_variance_1_before_scale_and_shift()
    {
        var x = Signed(3, 6, 4, 5);
        var ones = Tensor.From([1.0, 1, 1, 1, 1, 1]);
        var y = Evaluate.Of(v => v[0].GroupNorm(2, v[1], v[1].ZerosLike(), 0).Reshape([3, 2, 60]), x, ones);
        Near(new double[6], Doubles(v => v[0].Mean([-1]), y));
        Near([1, 1, 1, 1, 1, 1], Doubles(v => v[0].Variance([-1]), y));
    }

    [Fact]
    public void One_group_is_layer_normalisation_and_as_many_as_channels_are_instances()
    {
        var (x, ones, zeros) = (Signed(4, 5), Tensor.From([1.0, 1, 1, 1, 1]), Tensor.From(new double[5]));
        Near(Doubles(v => v[0].LayerNorm(v[1], v[2]), x, ones, zeros), Doubles(v => v[0].GroupNorm(1, v[1], v[2]), x, ones, zeros));
        // An example alone in its batch: its channels' statistics are the batch's.
        var (image, scale, shift) = (Signed(1, 3, 4, 2), Signed(3), Between(0.5, 1, 3));
        Near(Doubles(v => v[0].BatchNorm(v[1], v[2]).Y, image, scale, shift), Doubles(v => v[0].InstanceNorm(v[1], v[2]), image, scale, shift));
    }

    [Fact]
    public void Rows_are_divided_by_their_root_mean_square() =>
        Near([1, -1, 3 / Math.Sqrt(12.5), -4 / Math.Sqrt(12.5)], Doubles(v => v[0].RmsNorm(v[1], 0), Tensor.From([3.0, -3, 3, -4], [2, 2]), Tensor.From([1.0, 1])));

    [Fact]
    public void Vectors_get_length_1_and_a_vector_of_zeros_stays_with_a_gradient()
    {
        Near([0.6, 0.8, 0, 0], Doubles(v => v[0].L2Normalize([1]), Tensor.From([3.0, 4, 0, 0], [2, 2])));
        Assert.All(Doubles(v => Gradients.Of(v[0].L2Normalize([1], 0.5).Sum(), v[0])[0]!.Dense(), Tensor.From([0.0, 0], [1, 2])), g => Assert.Equal(2, g, 1e-12));
        Near([2 * 0.6, 2 * 0.8, 0, -5], Doubles(v => v[0].WeightNorm(v[1]), Tensor.From([3.0, 4, 0, 1], [2, 2]), Tensor.From([2.0, -5])));
    }

    [Fact]
    public void Power_iteration_finds_the_largest_singular_value()
    {
        // U · diag(3, 1) · Vᵀ with rotations by 30° and 50°.
        static double[] Rotation(double degrees) => [Math.Cos(degrees * Math.PI / 180), -Math.Sin(degrees * Math.PI / 180), Math.Sin(degrees * Math.PI / 180), Math.Cos(degrees * Math.PI / 180)];
        var (u, v) = (Rotation(30), Rotation(50));
        Tensor w = Tensor.From([3 * u[0] * v[0] + u[1] * v[1], 3 * u[0] * v[2] + u[1] * v[3], 3 * u[2] * v[0] + u[3] * v[1], 3 * u[2] * v[2] + u[3] * v[3]], [2, 2]);
        Near([.. w.ToArray<double>().Select(e => e / 3)], Doubles(x => x[0].SpectralNorm(x[1], 20).Weights, w, Tensor.From([1.0, 1])), 1e-9);
        Near([u[0], u[2]], [.. Doubles(x => x[0].SpectralNorm(x[1], 20).U, w, Tensor.From([1.0, 1])).Select(e => Math.Abs(e))], 1e-9);
    }

    public static TheoryData<string> Names => [.. Functions.Keys];

    private static readonly Dictionary<string, Func<Value, Value>> Functions = new()
    {
        ["GroupNorm"] = x => x.GroupNorm(2, Vector(x, 4), Vector(x, 4)),
        ["RmsNorm"] = x => x.RmsNorm(Vector(x, 5)),
        ["LocalResponseNorm"] = x => x.LocalResponseNorm(3, 0.5),
        ["L2Normalize"] = x => x.L2Normalize([1, 2]),
        ["WeightNorm"] = x => x.WeightNorm(Vector(x, 2)),
    };

    private static Value Vector(Value x, int length) => x.Graph.Constant(Between(0.5, 1.5, length)).Cast(x.Type);

    [Theory, MemberData(nameof(Names))]
    public void Narrower_types_and_more_threads_agree_with_double(string name)
    {
        Value Sum(Value x) => Functions[name](x) + Gradients.Of(Functions[name](x).Square().Sum(), x)[0]!.Dense();
        var x = Signed(2, 4, 5);
        foreach (var (type, tolerance) in new[] { (DType.Float32, 1e-5), (DType.BFloat16, 8e-2), (DType.Float16, 1e-2) })
            Near(Doubles(v => Sum(v[0]), x), Doubles(v => Sum(v[0].Cast(type)).Cast(DType.Float64), x), tolerance);
        // Enough for several threads.
        if (name == "L2Normalize") return;
        var many = Signed(2, 4, 5000, 5);
        Near(Evaluate.Of(v => Sum(v[0]), 1, many).ToArray<double>(), Doubles(v => Sum(v[0]), many));
    }

    [Fact]
    public void What_does_not_fit_is_refused_while_the_graph_is_built()
    {
        string Refusal(Func<Value, Value> function, params int[] shape) => Assert.Throws<ShapeException>(() => function(new Graph().Placeholder("x", DType.Float32, Shape.Create(shape)))).Message;
        Value Floats(Value x, int n) => x.Graph.Placeholder("v", DType.Float32, [n]);
        Assert.Contains("divided into 3 groups", Refusal(x => x.GroupNorm(3, Floats(x, 4), Floats(x, 4)), 2, 4, 5), StringComparison.Ordinal);
        Assert.Contains("one for each channel", Refusal(x => x.GroupNorm(2, Floats(x, 5), Floats(x, 4)), 2, 4, 5), StringComparison.Ordinal);
        Assert.Contains("x[…, D] and scale[D]", Refusal(x => x.RmsNorm(Floats(x, 4)), 2, 5), StringComparison.Ordinal);
        Assert.Contains("size of at least 1, not 0", Refusal(x => x.LocalResponseNorm(0), 2, 4, 5), StringComparison.Ordinal);
        Assert.Contains("takes x[N, C, S…] with a known", Refusal(x => x.InstanceNorm(Floats(x, 4), Floats(x, 4)), 2, 4), StringComparison.Ordinal);
        Assert.Contains("there is no dimension 2", Refusal(x => x.WeightNorm(Floats(x, 4), 2), 2, 4), StringComparison.Ordinal);
        Assert.Contains("takes weights [O, I, …] and u[O]", Refusal(x => x.SpectralNorm(Floats(x, 4)).Weights, 2, 4), StringComparison.Ordinal);
    }
}
