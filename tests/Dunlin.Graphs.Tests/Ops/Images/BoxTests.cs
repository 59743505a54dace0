using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Images;

public class BoxTests
{
    private static string[] Drawn(int height, int width, double[] boxes, params double[] colors)
    {
        var y = Evaluate.Of(x => x[0].DrawBoundingBoxes(x[1], x[2]), Tensor.Zeros(DType.Float64, [1, 1, height, width]), Tensor.From(boxes, [1, boxes.Length / 4, 4]), Tensor.From(colors, [colors.Length, 1])).ToArray<double>();
        return [.. y.Chunk(width).Select(row => string.Concat(row.Select(v => v == 0 ? "." : $"{v}")))];
    }

    [Fact]
    public void Frames_are_one_element_wide_and_later_ones_lie_above()
    {
        Assert.Equal([".....", ".111.", ".1.1.", ".111.", "....."], Drawn(5, 5, [0.25, 0.25, 0.75, 0.75], 1));
        // Colours go round.
        Assert.Equal(["11111", "12211", "12111", ".2..2", ".2222"], Drawn(5, 5, [0, 0, 0.5, 0.5, 0.25, 0.25, 1, 1, 0, 0.75, 0.5, 1], 1, 2));
        Assert.Equal(["1112.", "1.12.", "1112.", "2222."], Drawn(4, 5, [0, 0, 1, 0.75, 0, 0, 0.67, 0.5], 2, 1));
    }

    [Fact]
    public void Sides_outside_are_not_seen_and_boxes_turned_over_or_outside_are_left_out()
    {
        Assert.Equal(["..1..", "..1..", "111..", "....."], Drawn(4, 5, [-1, -1, 0.67, 0.5], 1));
        foreach (var box in new double[][] { [0.7, 0, 0.3, 1], [0, 0.7, 1, 0.3], [1.5, 0, 2, 1], [0, -2, 1, -1], [double.NaN, 0, 1, 1], [-9, -9, 9, 9] })
            Assert.All(Drawn(4, 5, box, 1), row => Assert.Equal(".....", row));
        Assert.Equal(["1...1", "1...1", "1...1", "1...1"], Drawn(4, 5, [double.NegativeInfinity, 0, double.PositiveInfinity, 1], 1));
    }

    [Fact]
    public void Every_channel_has_its_colour_and_the_number_of_threads_changes_nothing()
    {
        Tensor[] inputs = [Signed(5, 3, 64, 90), Between(-0.2, 1.2, 5, 7, 4), Signed(2, 3)];
        Tensor Draw(int threads) => Evaluate.Of(x => x[0].DrawBoundingBoxes(x[1], x[2]), threads, inputs);
        var (y, x, colors) = (Draw(1).ToArray<double>(), inputs[0].ToArray<double>(), inputs[2].ToArray<double>());
        Assert.Equal(y, Draw(2).ToArray<double>());
        for (var i = 0; i < y.Length; i++)
            if (y[i] != x[i]) Assert.Contains(y[i], new[] { colors[i / (64 * 90) % 3], colors[3 + i / (64 * 90) % 3] });
        Assert.NotEqual(x, y);
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused()
    {
        string Refusal(Shape boxes, Shape colors) => Assert.Throws<ShapeException>(() => Evaluate.Of(x => x[0].DrawBoundingBoxes(x[1], x[2]),
            Signed(2, 3, 4, 4), Tensor.Zeros(DType.Float64, boxes), Tensor.Zeros(DType.Float64, colors))).Message;
        Assert.Contains("boxes are Float64[N, B, 4]", Refusal([3, 1, 4], [1, 3]), StringComparison.Ordinal);
        Assert.Contains("colours are Float64[K, C]", Refusal([2, 1, 4], [1, 4]), StringComparison.Ordinal);
        Assert.Contains("at least one colour", Refusal([2, 1, 4], [0, 3]), StringComparison.Ordinal);
    }
}
