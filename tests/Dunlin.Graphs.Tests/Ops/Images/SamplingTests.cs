using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Images;

public class SamplingTests
{
    private static readonly Tensor Image = Signed(2, 3, 4, 5);

    private static double[] Of(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Evaluate.Of(function, inputs).ToArray<double>();

    private static void Same(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-12));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_identity_reads_the_image_and_another_size_is_a_resize(bool align)
    {
        var identity = Tensor.From([1.0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0], [2, 2, 3]);
        foreach (var interpolation in new[] { Interpolation.Nearest, Interpolation.Linear, Interpolation.Cubic })
            foreach (var outside in Enum.GetValues<Outside>())
                Same(Image.ToArray<double>(), Of(x => x[0].GridSample(x[1].AffineGrid(4, 5, align), interpolation, outside, align), Image, identity));
        foreach (var interpolation in new[] { Interpolation.Linear, Interpolation.Cubic })
            Same(Of(x => x[0].Resize([7, 3], interpolation, align), Image), Of(x => x[0].GridSample(x[1].AffineGrid(7, 3, align), interpolation, Outside.Border, align), Image, identity));
    }

    [Fact]
    public void A_negative_scale_mirrors_and_a_shift_brings_zeros_in()
    {
        var mirror = Tensor.From([-1.0, 0, 0, 0, 1, 0, -1, 0, 0, 0, 1, 0], [2, 2, 3]);
        Same(Of(x => x[0].FlipHorizontal(), Image), Of(x => x[0].GridSample(x[1].AffineGrid(4, 5)), Image, mirror));
        var beyond = Tensor.From([1.0, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1, 0], [2, 2, 3]);
        Assert.All(Of(x => x[0].GridSample(x[1].AffineGrid(4, 5)), Image, beyond), v => Assert.Equal(0, v));
        // One image's width to the right of a mirror at the edge is the mirror image.
        Same(Of(x => x[0].FlipHorizontal(), Image), Of(x => x[0].GridSample(x[1].AffineGrid(4, 5), outside: Outside.Reflection), Image, beyond));
    }

    [Fact]
    public void Places_at_infinity_or_nowhere_are_outside_the_image()
    {
        var grid = Tensor.From([double.NaN, 0, double.PositiveInfinity, 0, 0, double.NegativeInfinity, 1e300, 1e300], [1, 2, 2, 2]);
        foreach (var interpolation in new[] { Interpolation.Linear, Interpolation.Cubic })
            Assert.All(Of(x => x[0].GridSample(x[1], interpolation), Signed(1, 1, 2, 2), grid), v => Assert.Equal(0, v));
        Assert.Contains("not Area", Assert.Throws<ShapeException>(() => Of(x => x[0].GridSample(x[1], Interpolation.Area), Signed(1, 1, 2, 2), grid)).Message, StringComparison.Ordinal);
        foreach (var outside in new[] { Outside.Border, Outside.Reflection })
            foreach (var interpolation in new[] { Interpolation.Linear, Interpolation.Cubic })
                Assert.All(Of(x => x[0].GridSample(x[1], interpolation, outside), Signed(1, 1, 2, 2), grid), v => Assert.InRange(v, -1, 1));
    }

    [Fact]
    public void A_crop_is_a_resize_of_a_part_of_the_image_it_names()
    {
        var x = Image.ToArray<double>();
        // Rows 1 to 3 and columns 0 to 4 of the second image, and all of the first.
        var boxes = Tensor.From([1 / 3.0, 0, 1, 1, 0, 0, 1, 1], [2, 4]);
        var crops = Of(v => v[0].CropAndResize(v[1], v[2], 3, 5), Image, boxes, Integers([1, 0]));
        var part = Of(v => v[0].StridedSlice(1..2, .., 1..4), Image);
        Same(part, crops[..45]);
        Same(Of(v => v[0].StridedSlice(0..1).Resize([3, 5], Interpolation.Linear, alignCorners: true), Image), crops[45..]);
        var outside = Of(v => v[0].CropAndResize(v[1], v[2], 2, 1, extrapolation: 9), Image, Tensor.From([0, 0.5, 2, 0.5], [1, 4]), Integers([0]));
        Assert.Equal([x[2], 9, x[22], 9, x[42], 9], outside);
        var error = Assert.Throws<DunlinException>(() => Of(v => v[0].CropAndResize(v[1], v[2], 2, 1), Image, boxes, Integers([0, 2])));
        Assert.Contains("the image 2 at position 1 is not within 0 to 1", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(DType.Float32, 1e-5), InlineData(DType.BFloat16, 0.1), InlineData(DType.Float16, 0.02)]
    public void Narrow_types_and_threads_agree_with_double_precision(DType type, double tolerance)
    {
        var (image, grid) = (Between(0, 1, 4, 8, 20, 20), Between(-1.2, 1.2, 4, 50, 50, 2));
        double[] In(DType t, int threads, bool gradient) => Evaluate.Of(x =>
        {
            Value[] v = [.. x.Select(i => i.Cast(t))];
            var y = v[0].GridSample(v[1], outside: Outside.Border);
            return (gradient ? Gradients.Of(y.Mean(), v[0])[0]!.Dense() : y).Cast(DType.Float64);
        }, threads, image, grid).ToArray<double>();
        foreach (var gradient in new[] { false, true })
            Assert.All(In(DType.Float64, 1, gradient).Zip(In(type, 3, gradient)), p => Assert.Equal(p.First, p.Second, tolerance));
    }

    [Fact]
    public void Boxes_that_overlap_a_better_one_are_dropped()
    {
        var boxes = Tensor.From([0f, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, -0.1f, 1, 0.9f, 0, 10, 1, 11, 1, 11.1f, 0, 10.1f, 0, 100, 1, 101], [6, 4]);
        var scores = Tensor.From([0.9f, 0.75f, 0.6f, 0.95f, 0.5f, float.NaN]);
        long[] Kept(int count, double overlap, double least = double.NegativeInfinity, DType type = DType.Float32) =>
            Evaluate.Of(v => v[0].Cast(type).NonMaxSuppression(v[1].Cast(type), count, overlap, least), boxes, scores).ToArray<long>();
        foreach (var type in new[] { DType.Float32, DType.Float64, DType.BFloat16, DType.Float16 }) Assert.Equal([3, 0], Kept(10, 0.25, type: type));
        Assert.Equal([3], Kept(1, 0.5));
        Assert.Equal([3, 0, 1, 2, 4], Kept(10, 1));
        Assert.Equal([3, 0, 1], Kept(10, 1, least: 0.7));
        Assert.Equal([], Kept(0, 0.5));
        Assert.Throws<ShapeException>(() => new NonMaxSuppression(1, 2, 0).Infer([boxes.TensorType, scores.TensorType]));
    }
}
