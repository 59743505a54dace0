using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class QuantizationTests
{
    private static Value Scale(Value x, double scale) => x.Number(scale);

    private static Value Point(Value x, int point) => x.Graph.Constant(point, DType.Int32);

    [Fact]
    public void Numbers_are_rounded_to_even_and_held_to_the_range()
    {
        var x = Tensor.From([0.0, 0.25, 0.75, -1, 100, -100, double.NaN, double.PositiveInfinity]);
        Assert.Equal([10, 10, 12, 8, 210, 0, 0, 255], Evaluate.Of(v => v[0].Quantize(Scale(v[0], 0.5), Point(v[0], 10)), x).ToArray<byte>());
        Assert.Equal([0, -2, int.MaxValue], Evaluate.Of(v => v[0].Quantize(Scale(v[0], 0.5), Point(v[0], 0), DType.Int32), Tensor.From([0f, -1, 3e9f])).ToArray<int>());
    }

    [Fact]
    public void There_and_back_is_off_by_half_a_step_at_most()
    {
        var x = Numbers.Between(-1, 1, 1000);
        var back = Evaluate.Of(v => v[0].Quantize(Scale(v[0], 2.0 / 255), Point(v[0], 127)).Dequantize(Scale(v[0], 2.0 / 255), Point(v[0], 127)), x).ToArray<double>();
        Assert.All(x.ToArray<double>().Zip(back), p => Assert.InRange(p.Second - p.First, -1.001 / 255 - 1.0 / 255, 1.001 / 255 + 1.0 / 255));
    }

    [Fact]
    public void Channels_have_scales_of_their_own()
    {
        var x = Tensor.From([1.0, 1, 2, 2, 3, 3], [1, 3, 2]);
        var q = Evaluate.Of(v => v[0].Quantize(v[1], v[2], axis: 1), x, Tensor.From([1.0, 0.5, 0.1]), Tensor.From([0, 1, 2]));
        Assert.Equal([1, 1, 5, 5, 32, 32], q.ToArray<byte>());
        Assert.Equal(x.ToArray<double>(), Evaluate.Of(v => v[0].Dequantize(v[1], v[2], axis: -2), q, Tensor.From([1.0, 0.5, 0.1]), Tensor.From([0, 1, 2])).ToArray<double>());
        Assert.Contains("as many scales", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].Quantize(v[1], v[2], axis: 2), x, Tensor.From([1.0, 0.5, 0.1]), Tensor.From([0, 1, 2]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fake_quantisation_hands_the_gradient_on_within_the_range_only()
    {
        var x = Tensor.From([-0.2, 0, 0.24, 0.26, 1.9, 7.6, 9]);
        Value Fake(Value v) => v.FakeQuantize(Scale(v, 0.5), Point(v, 0), 0, 15);
        Assert.Equal([0, 0, 0, 0.5, 2, 7.5, 7.5], Evaluate.Of(v => Fake(v[0]), x).ToArray<double>());
        Assert.Equal([1, 1, 1, 1, 1, 1, 0], Evaluate.Of(v => Gradients.Of(Fake(v[0]).Sum(), v[0])[0]!.Dense(), x).ToArray<double>());
        Assert.Equal([0, 1], Evaluate.Of(v => Gradients.Of(v[0].FakeQuantize(v[1], v[2], axis: 0).Sum(), v[0])[0]!.Dense(), Tensor.From([-1.0, 1]), Tensor.From([0.1, 0.1]), Tensor.From([0, 0])).ToArray<double>());
        Assert.Equal([2, 1], [Evaluate.Doubles(v => v.RoundStraightThrough(), 1.7)[0], Evaluate.Doubles(v => Gradients.Of(v.RoundStraightThrough().Sum(), v)[0]!.Dense(), 1.7)[0]]);
    }

    [Fact]
    public void Casts_saturate_drop_fractions_and_round_to_even_among_floats()
    {
        double[] x = [2.9, -2.9, 1e30, -1e30, double.NaN, double.PositiveInfinity];
        Assert.Equal([2, -2, int.MaxValue, int.MinValue, 0, int.MaxValue], Evaluate.Of(v => v[0].Cast(DType.Int32), Tensor.From(x)).ToArray<int>());
        Assert.Equal([2, -2, long.MaxValue, long.MinValue, 0, long.MaxValue], Evaluate.Of(v => v[0].Cast(DType.Int64), Tensor.From(x)).ToArray<long>());
        Assert.Equal([2, 0, 255, 0, 0, 255], Evaluate.Of(v => v[0].Cast(DType.UInt8), Tensor.From(x)).ToArray<byte>());
        Assert.Equal([true, true, true, true, true, true, false, false], Evaluate.Of(v => v[0].Cast(DType.Bool), Tensor.From([.. x, 0, -0.0])).ToArray<bool>());
        Assert.Equal([255, 0, 7], Evaluate.Of(v => v[0].Cast(DType.UInt8), Tensor.From([300L, -5, 7])).ToArray<byte>());
        Assert.Equal([(Half)2048, (Half)2052, Half.PositiveInfinity], Evaluate.Of(v => v[0].Cast(DType.Float16), Tensor.From([2049.0, 2051, 1e6])).ToArray<Half>());
        Assert.Equal([1f, 0], Evaluate.Of(v => v[0].Cast(DType.Float32), Tensor.From([true, false])).ToArray<float>());
    }
}
