using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Images;

public class ResizeTests
{
    private static double[] Line(Interpolation interpolation, int length, bool align, params double[] x) =>
        Evaluate.Of(v => v[0].Resize([length], interpolation, align), Tensor.From(x, [1, 1, x.Length])).ToArray<double>();

    private static void Same(double[] expected, double[] actual) => Assert.All(expected.Zip(actual, (e, a) => (e, a)), p => Assert.Equal(p.e, p.a, 1e-12));

    [Fact]
    public void Interpolations_follow_their_conventions()
    {
        Same([1, 1, 2, 2, 3, 3], Line(Interpolation.Nearest, 6, false, 1, 2, 3));
        Same([1, 2, 4], Line(Interpolation.Nearest, 3, false, 1, 2, 3, 4, 5));
        Same([1, 3, 5], Line(Interpolation.NearestExact, 3, false, 1, 2, 3, 4, 5));
        Same([1, 1.25, 1.75, 2.25, 2.75, 3], Line(Interpolation.Linear, 6, false, 1, 2, 3));
        Same([1, 1.5, 2, 2.5, 3], Line(Interpolation.Linear, 5, true, 1, 2, 3));
        Same([1.5, 3.5, 5], Line(Interpolation.Area, 3, false, 1, 2, 3, 4, 5).Zip([0.0, 0.5, 0.5], (a, shift) => a + shift).ToArray());
        Same([1], Line(Interpolation.Linear, 1, true, 1, 2, 3));
    }

    [Theory, InlineData(Interpolation.Linear), InlineData(Interpolation.Cubic)]
    public void Aligned_corners_keep_the_corners_and_every_size_keeps_a_constant(Interpolation interpolation)
    {
        double[] x = [3, -1, 4, 1, -5];
        foreach (var length in new[] { 2, 4, 5, 9 })
        {
            var y = Line(interpolation, length, true, x);
            Assert.Equal((x[0], x[^1]), (y[0], y[^1]), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-12);
            Same([.. Enumerable.Repeat(7.0, length)], Line(interpolation, length, false, 7, 7, 7));
        }
        Same(x, Line(interpolation, 5, false, x));
    }

    [Fact]
    public void Cubic_interpolation_spreads_an_element_by_the_cubic_convolution()
    {
        double[] side = [0, -0.03515625, -0.10546875, 0.26171875, 0.87890625];
        Same([.. side, .. side.Reverse()], Line(Interpolation.Cubic, 10, false, 0, 0, 1, 0, 0));
    }

    [Fact]
    public void Two_dimensions_are_one_after_the_other_in_every_type_and_for_every_number_of_threads()
    {
        var x = Between(0, 1, 2, 40, 30, 50);
        Tensor Of(int threads, DType type) => Evaluate.Of(v => v[0].Cast(type).Resize([45, 20], Interpolation.Cubic).Cast(DType.Float64), threads, x);
        var expected = Evaluate.Of(v =>
        {
            var columns = v[0].Reshape([2, 40 * 30, 50]).Resize([20], Interpolation.Cubic).Reshape([2, 40, 30, 20]);
            return columns.Transpose(0, 1, 3, 2).Reshape([2, 800, 30]).Resize([45], Interpolation.Cubic).Reshape([2, 40, 20, 45]).Transpose(0, 1, 3, 2);
        }, x).ToArray<double>();
        foreach (var (threads, type, tolerance) in new[] { (1, DType.Float64, 1e-12), (3, DType.Float64, 1e-12), (1, DType.Float32, 1e-5), (1, DType.Float16, 0.01), (1, DType.BFloat16, 0.05) })
            Assert.All(expected.Zip(Of(threads, type).ToArray<double>()), p => Assert.Equal(p.First, p.Second, tolerance));
    }

    [Fact]
    public void What_does_not_fit_is_said()
    {
        string Message(Func<Value, Value> resize) => Assert.Throws<ShapeException>(() => Evaluate.Of(v => resize(v[0]), Signed(1, 1, 3, 3))).Message;
        Assert.Contains("corners are aligned in linear and cubic", Message(x => x.Resize([2, 2], Interpolation.Nearest, alignCorners: true)), StringComparison.Ordinal);
        Assert.Contains("as many as the size [2] has", Message(x => x.Resize([2])), StringComparison.Ordinal);
        Assert.Contains("at least 1", Message(x => x.Resize([2, 0])), StringComparison.Ordinal);
    }
}
