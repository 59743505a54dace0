using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class SpectralTests
{
    public static TheoryData<int> Lengths => [1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 30, 49, 61, 62, 64, 67, 100, 131, 134, 200, 256, 1009];

    [Theory, MemberData(nameof(Lengths))]
    public void Transforms_of_any_length_agree_with_their_sums(int n)
    {
        var (re, im) = (Signed(2, n), Between(-1, 1, 2, n));
        var (expectedRe, expectedIm) = Naive(re.ToArray<double>(), im.ToArray<double>(), n);
        AssertNear(expectedRe, Doubles(v => Operations.Fft(v[0], v[1]).Re, re, im), n);
        AssertNear(expectedIm, Doubles(v => Operations.Fft(v[0], v[1]).Im, re, im), n);
        AssertNear(re.ToArray<double>(), Doubles(v => { var (a, b) = Operations.Fft(v[0], v[1]); return Operations.Ifft(a, b).Re; }, re, im), n);
        AssertNear(im.ToArray<double>(), Doubles(v => { var (a, b) = Operations.Fft(v[0], v[1]); return Operations.Ifft(a, b).Im; }, re, im), n);
        (expectedRe, expectedIm) = Naive(re.ToArray<double>(), new double[2 * n], n);
        double[] Half(double[] x) => [.. x.Where((_, i) => i % n <= n / 2)];
        AssertNear(Half(expectedRe), Doubles(v => v[0].Rfft().Re, re), n);
        AssertNear(Half(expectedIm), Doubles(v => v[0].Rfft().Im, re), n);
        AssertNear(re.ToArray<double>(), Doubles(v => { var (a, b) = v[0].Rfft(); return Operations.Irfft(a, b, n); }, re), n);
        var single = Evaluate.Of(v => { var (a, b) = Operations.Fft(v[0].Cast(DType.Float32), v[1].Cast(DType.Float32)); return Operations.Ifft(a, b).Re.Cast(DType.Float64); }, re, im);
        Assert.All(single.ToArray<double>().Zip(re.ToArray<double>()), p => Assert.Equal(p.Second, p.First, 2e-6));
    }

    [Fact]
    public void Several_dimensions_are_transformed_one_after_the_other()
    {
        var (re, im) = (Signed(2, 3, 4), Between(-1, 1, 2, 3, 4));
        var x = re.ToArray<double>();
        var y = im.ToArray<double>();
        double Sum(int k, int l, int m, bool real)
        {
            var total = 0.0;
            for (var i = 0; i < 24; i++)
            {
                var angle = -2 * Math.PI * (i / 12 * k / 2.0 + i / 4 % 3 * l / 3.0 + i % 4 * m / 4.0);
                total += real ? x[i] * Math.Cos(angle) - y[i] * Math.Sin(angle) : x[i] * Math.Sin(angle) + y[i] * Math.Cos(angle);
            }
            return total;
        }
        AssertNear([.. Enumerable.Range(0, 24).Select(i => Sum(i / 12, i / 4 % 3, i % 4, true))], Doubles(v => Operations.Fft3(v[0], v[1]).Re, re, im), 24);
        AssertNear([.. Enumerable.Range(0, 24).Select(i => Sum(i / 12, i / 4 % 3, i % 4, false))], Doubles(v => Operations.Fft3(v[0], v[1]).Im, re, im), 24);
        AssertNear(x, Doubles(v => { var (a, b) = Operations.Fft3(v[0], v[1]); return Operations.Ifft3(a, b).Re; }, re, im), 24);
        AssertNear(x, Doubles(v => { var (a, b) = Operations.Fft2(v[0], v[1]); return Operations.Ifft2(a, b).Re; }, re, im), 24);
        AssertNear(x, Doubles(v => { var (a, b) = v[0].Rfft3(); return Operations.Irfft3(a, b); }, re), 24);
        AssertNear(x, Doubles(v => { var (a, b) = v[0].Rfft2(); return Operations.Irfft2(a, b, 4); }, re), 24);
        AssertNear(Doubles(v => Operations.Fft2(v[0], v[0].ZerosLike()).Re.StridedSlice(.., .., ..3), re), Doubles(v => v[0].Rfft2().Re, re), 24);
        AssertNear(Doubles(v => Operations.Fft(v[0], v[1], 1).Re, re, im), Doubles(v => Operations.Fft(v[0].MatrixTranspose(), v[1].MatrixTranspose()).Re.MatrixTranspose(), re, im), 24);
    }

    [Fact]
    public void Shifts_put_frequency_0_in_the_middle_and_back()
    {
        Assert.Equal([3.0, 4, 0, 1, 2], Evaluate.Doubles(x => x.FftShift(), 0, 1, 2, 3, 4));
        Assert.Equal([2.0, 3, 0, 1], Evaluate.Doubles(x => x.FftShift(0), 0, 1, 2, 3));
        Assert.Equal([0.0, 1, 2, 3, 4], Evaluate.Doubles(x => x.FftShift().IfftShift(), 0, 1, 2, 3, 4));
    }

    [Fact]
    public void Windows_have_their_closed_forms()
    {
        double[] Window(WindowKind kind, int n, bool symmetric) => Evaluate.OfGraph(g => g.Window(kind, n, symmetric, DType.Float64)).ToArray<double>();
        AssertNear([0, 0.5, 1, 0.5], Window(WindowKind.Hann, 4, false), 1);
        AssertNear([0, 0.75, 0.75, 0], Window(WindowKind.Hann, 4, true), 1);
        AssertNear([0.08, 0.54, 1, 0.54], Window(WindowKind.Hamming, 4, false), 1);
        AssertNear([0, 0.34, 1, 0.34], Window(WindowKind.Blackman, 4, false), 1);
        AssertNear([1], Window(WindowKind.Hann, 1, true), 1);
    }

    [Theory, InlineData(16, 8, 4), InlineData(21, 6, 3), InlineData(10, 5, 1)]
    public void A_short_time_transform_can_be_inverted_where_windows_cover(int n, int length, int hop)
    {
        var x = Signed(2, n);
        var covered = (n - length) / hop * hop + length;
        Value Back(Value v, WindowKind kind)
        {
            var window = v.Graph.Window(kind, length, type: v.Type);
            var (re, im) = v.Stft(window, hop);
            return Operations.Istft(re, im, window, hop);
        }
        double[] Part(int begin) => [.. x.ToArray<double>().Where((_, i) => i % n >= begin && i % n < covered)];
        AssertNear(Part(0), Doubles(v => Back(v[0], WindowKind.Hamming), x), n);
        // A Hann window's first weight is 0: so is what it alone covers.
        var hann = Doubles(v => Back(v[0], WindowKind.Hann), x);
        AssertNear(Part(1), [.. hann.Where((_, i) => i % covered > 0)], n);
        Assert.Equal(0, hann[0]);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5), InlineData(8), InlineData(67)]
    public void Cosine_transforms_agree_with_their_sums_and_invert_each_other(int n)
    {
        var x = Signed(2, n);
        var elements = x.ToArray<double>();
        double Sum(int row, Func<int, double> weight) => Enumerable.Range(0, n).Sum(j => elements[row * n + j] * weight(j));
        AssertNear([.. Enumerable.Range(0, 2 * n).Select(i => Sum(i / n, j => 2 * Math.Cos(Math.PI * (i % n) * (2 * j + 1) / (2.0 * n))))], Doubles(v => v[0].Dct2(), x), n);
        AssertNear([.. Enumerable.Range(0, 2 * n).Select(i => Sum(i / n, k => (k == 0 ? 1 : 2) * Math.Cos(Math.PI * k * (2 * (i % n) + 1) / (2.0 * n))))], Doubles(v => v[0].Dct3(), x), n);
        AssertNear(elements, Doubles(v => v[0].Dct2(orthonormal: true).Dct3(orthonormal: true), x), n);
        AssertNear(elements, Doubles(v => v[0].Dct2().Dct3() / (2 * n), x), n);
    }

    [Fact]
    public void Bad_inputs_are_refused_when_the_graph_is_built()
    {
        var graph = new Graph();
        Value Of(params int[] shape) => graph.Placeholder("x", DType.Float32, Shape.Create(shape));
        string Refusal(Func<Value> function) => Assert.Throws<ShapeException>(function).Message;
        Assert.Contains("of one floating-point type and shape", Refusal(() => Operations.Fft(Of(2), Of(3)).Re), StringComparison.Ordinal);
        Assert.Contains("the last dimension is empty", Refusal(() => Of(2, 0).Rfft().Re), StringComparison.Ordinal);
        Assert.Contains("rows of 7 elements have transforms of 4", Refusal(() => Operations.Irfft(Of(5), Of(5), 7)), StringComparison.Ordinal);
        Assert.Contains("there is no dimension 2", Refusal(() => Operations.Fft(Of(2, 2), Of(2, 2), 2).Re), StringComparison.Ordinal);
        Assert.Contains("a length is at least 1", Refusal(() => graph.Window(WindowKind.Hann, 0)), StringComparison.Ordinal);
        Assert.Contains("its length to be known", Refusal(() => Of(-1).FftShift()), StringComparison.Ordinal);
        Assert.Contains("known length n, at least 1", Refusal(() => Of(-1).Dct2()), StringComparison.Ordinal);
    }

    private static double[] Doubles(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Evaluate.Of(function, 2, inputs).ToArray<double>();

    private static void AssertNear(double[] expected, double[] actual, int size)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(actual.Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-13 * (10 + size)));
    }

    private static (double[] Re, double[] Im) Naive(double[] re, double[] im, int n)
    {
        var (yRe, yIm) = (new double[re.Length], new double[re.Length]);
        for (var row = 0; row < re.Length; row += n)
            for (var k = 0; k < n; k++)
                for (var j = 0; j < n; j++)
                {
                    var (sin, cos) = Math.SinCos(-2 * Math.PI * ((long)j * k % n) / n);
                    yRe[row + k] += re[row + j] * cos - im[row + j] * sin;
                    yIm[row + k] += re[row + j] * sin + im[row + j] * cos;
                }
        return (yRe, yIm);
    }
}
