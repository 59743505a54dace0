using System.Numerics;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class MathsTests
{
    private const double Infinity = double.PositiveInfinity, NaN = double.NaN;

    private static T[] Two<T>(Func<Value, Value, Value> function, T[] a, T[] b) where T : unmanaged => Two<T, T>(function, a, b);

    private static TResult[] Two<T, TResult>(Func<Value, Value, Value> function, T[] a, T[] b) where T : unmanaged where TResult : unmanaged =>
        Evaluate.Of(v => function(v[0], v[1]), Tensor.From(a), Tensor.From(b)).ToArray<TResult>();

    [Fact]
    public void Remainders_come_in_three_kinds()
    {
        double[] a = [7, -7, 7, -7, 5.5, 2.5, 1e17], b = [3, 3, -3, -3, 2, 1, 3];
        Assert.Equal([1, -1, 1, -1, 1.5, 0.5, 1e17 % 3], Two(Operations.Fmod, a, b));
        Assert.Equal([2, -2, -2, 2, 2, 2, Math.Round((1e17 - 1e17 % 3) / 3)], Two(Operations.TruncateDivide, a, b));
        Assert.Equal([.. a.Zip(b, Math.IEEERemainder)], Two(Operations.IeeeRemainder, a, b));
        Assert.Equal([1, -1, 1, -1], Two(Operations.Fmod, [7, -7, 7, -7], [3, 3, -3, -3]));
        Assert.Equal([2, -2, int.MinValue, 3], Two(Operations.TruncateDivide, [7, -7, int.MinValue, 10], [3, 3, -1, 3]));
        Assert.Contains("divisor is 0", Assert.Throws<DunlinException>(() => Two(Operations.Fmod, [1], [0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Common_divisors_and_multiples_are_not_negative()
    {
        long[] a = [12, -12, 0, 7, 0, long.MinValue], b = [18, 18, 5, -13, 0, 6];
        Assert.Equal([6, 6, 5, 1, 0, 2], Two(Operations.Gcd, a, b));
        Assert.Equal([36, 36, 0, 91, 0], Two(Operations.Lcm, a[..5], b[..5]));
        Assert.Equal([6, 5], Two<byte>(Operations.Gcd, [12, 250], [18, 255]));
    }

    [Fact]
    public void Integers_have_powers_but_none_of_negative_exponent()
    {
        Assert.Equal([8, -27, 1, 0, 1], Two(Operations.Pow, [2, -3, 5, 0, 0], [3, 3, 0, 2, 0]));
        Assert.Equal([81, 0], Two<byte>(Operations.Pow, [3, 2], [4, 8]));
        Assert.Contains("exponent -1 is negative", Assert.Throws<DunlinException>(() => Two(Operations.Pow, [2], [-1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_of_logarithms_keep_to_their_edges()
    {
        Assert.Equal([0, NaN, -Infinity, 3 * Math.Log(2)], Two(Operations.Xlogy, [0, 0, 1, 3], [0.0, NaN, 0, 2]));
        Assert.Equal([0, NaN, -Infinity, 1e-20], Two(Operations.Xlog1py, [0, 0, 1, 1], [-1.0, NaN, -1, 1e-20]));
        Assert.Equal([1000 + Math.Log(2), 1000, -Infinity, Infinity], Two(Operations.LogAddExp, [1000.0, 1000, -Infinity, Infinity], [1000, -1000, -Infinity, Infinity]));
    }

    [Fact]
    public void Signs_neighbours_and_steps()
    {
        Assert.Equal([-1, 1, -2], Two(Operations.CopySign, [1.0, -1, 2], [-0.0, 5, -Infinity]));
        Assert.Equal([Math.BitIncrement(1.0), Math.BitDecrement(1.0), 1, NaN], Two(Operations.NextAfter, [1.0, 1, 1, 1], [2, 0, 1, NaN]));
        Assert.Equal([MathF.BitIncrement(1)], Two(Operations.NextAfter, [1f], [2f]));
        Assert.Equal([0, 0.5, 1, NaN], Two(Operations.Heaviside, [-1, 0, 2, NaN], [0.5, 0.5, 0.5, 0.5]));
    }

    [Fact]
    public void Numbers_take_the_place_of_NaN_and_infinities()
    {
        Assert.Equal([0, double.MaxValue, double.MinValue, 2], Evaluate.Doubles(x => x.NanToNum(), NaN, Infinity, -Infinity, 2));
        Assert.Equal([7, 8, -9, 2], Evaluate.Doubles(x => x.NanToNum(7, 8, -9), NaN, Infinity, -Infinity, 2));
        Assert.Equal([Half.MaxValue], Evaluate.Of(v => v[0].NanToNum(), Tensor.From([Half.PositiveInfinity])).ToArray<Half>());
        Assert.Equal((BFloat16)float.MaxValue == BFloat16.FromBits(0x7F80), Evaluate.Of(v => v[0].NanToNum().IsFinite(), Tensor.From([BFloat16.FromBits(0x7F80)])).Item<bool>());
    }

    [Fact]
    public void Mantissa_and_exponent_give_the_number_back()
    {
        var x = Tensor.From([1.0, -3, 0, 1e-310, NaN, Infinity, 0.5, -1e300]);
        Assert.Equal(x.ToArray<double>(), Evaluate.Of(v => { var (m, e) = v[0].Frexp(); return m.Ldexp(e); }, x).ToArray<double>());
        Assert.Equal([0.5, -0.75, 0], Evaluate.Of(v => v[0].Frexp().Mantissa, x).ToArray<double>()[..3]);
        Assert.Equal([1, 2, 0, -1029, 0, 0, 0, 997], Evaluate.Of(v => v[0].Frexp().Exponent, x).ToArray<int>());
    }

    [Fact]
    public void Closeness_is_NumPys()
    {
        double[] a = [1, 1, Infinity, Infinity, NaN, 1e-9], b = [1 + 1e-6, 1.1, Infinity, -Infinity, NaN, 0];
        Assert.Equal([true, false, true, false, false, true], Two<double, bool>((x, y) => x.IsClose(y), a, b));
        Assert.Equal([true, false, true, false, true, true], Two<double, bool>((x, y) => x.IsClose(y, equalNaN: true), a, b));
        Assert.Equal([true, false], Two<int, bool>((x, y) => x.IsClose(y), [3, 3], [3, 4]));
    }

    [Fact]
    public void Bits_of_integers_follow_the_language()
    {
        int[] a = [0b1100, -1, int.MinValue], b = [0b1010, 3, 31];
        Assert.Equal([.. a.Zip(b, (x, y) => x & y)], Two((x, y) => x & y, a, b));
        Assert.Equal([.. a.Zip(b, (x, y) => x | y)], Two((x, y) => x | y, a, b));
        Assert.Equal([.. a.Zip(b, (x, y) => x ^ y)], Two((x, y) => x ^ y, a, b));
        Assert.Equal([.. a.Zip(b, (x, y) => x << y)], Two((x, y) => x << y, a, b));
        Assert.Equal([.. a.Zip(b, (x, y) => x >> y)], Two((x, y) => x >> y, a, b));
        Assert.Equal([.. a.Select(x => ~x)], Two((x, _) => ~x, a, b));
        Assert.Equal([.. a.Select(x => BitOperations.PopCount((uint)x))], Two((x, _) => x.PopCount(), a, b));
        Assert.Equal([0, 0], Two((x, y) => x << y, [1L, 1], [64, long.MaxValue]));
        Assert.Equal([-1, 0], Two((x, y) => x >> y, [-5, 5], [40, 32]));
        Assert.Equal([254, 7], Two<byte>((x, y) => x >> y, [254, 255], [0, 5]));
        Assert.Contains("-1 places", Assert.Throws<DunlinException>(() => Two((x, y) => x << y, [1], [-1])).Message, StringComparison.Ordinal);
        Assert.Contains("Int32, Int64 or UInt8", Assert.Throws<ShapeException>(() => Two((x, y) => x.BitwiseAnd(y), [1f], [1f])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_can_be_read_as_another_type()
    {
        Assert.Equal([BitConverter.SingleToInt32Bits(1.5f)], Evaluate.Of(v => v[0].Bitcast(DType.Int32), Tensor.From([1.5f])).ToArray<int>());
        var parts = Evaluate.Of(v => v[0].Bitcast(DType.UInt8), Tensor.From([0x04030201]));
        Assert.Equal(Shape.Of(1, 4), parts.Shape);
        Assert.Equal([1, 2, 3, 4], parts.ToArray<byte>());
        Assert.Equal([0x04030201], Evaluate.Of(v => v[0].Bitcast(DType.Int32), parts).ToArray<int>());
        Assert.Contains("4 elements", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].Bitcast(DType.Int32), Tensor.From(new byte[3]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_are_numbers_and_sums_of_small_types_do_not_overflow()
    {
        Assert.Equal([44, 5], Two<byte>((x, y) => x + y, [200, 2], [100, 3]));
        Assert.Equal([100, 255], Two<byte>((x, y) => x - y, [200, 2], [100, 3]));
        Assert.Equal([6, 2], Two<byte>((x, y) => x * y, [2, 1], [3, 2]));
        Assert.Equal([200, 3], Two<byte>(Operations.Maximum, [200, 2], [100, 3]));
        Assert.Equal([2, 0], Two<byte>(Operations.FloorDivide, [255, 2], [100, 255]));
        Assert.Equal([55, 2], Two<byte>(Operations.Modulo, [255, 2], [100, 255]));
        Assert.Equal([true, false], Two<byte, bool>((x, y) => x > y, [200, 2], [100, 3]));
        var bytes = Tensor.From(Enumerable.Repeat((byte)250, 1000).ToArray());
        Assert.Equal(250_000, Evaluate.Of(v => v[0].Sum(), bytes).Item<long>());
        Assert.Equal(250, Evaluate.Of(v => v[0].Max(), bytes).Item<byte>());
        Assert.Equal(2, Evaluate.Of(v => v[0].Sum(), Tensor.From([true, false, true])).Item<long>());
        Assert.Contains("not defined for Bool", Assert.Throws<ShapeException>(() => Two<bool>((x, y) => x + y, [true], [true])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Interpolation_meets_both_ends_exactly_and_the_product_sum_is_rounded_once()
    {
        Assert.Equal([0.1, 0.7], Evaluate.Doubles(c => c.Number(0.1).Lerp(c.Number(0.7), c), 0, 1));
        var a = 1 + Math.ScaleB(1, -30);
        Assert.Equal([Math.FusedMultiplyAdd(a, a, -1)], Evaluate.Doubles(x => x.Fma(x, x.Number(-1)), a));
    }

    [Fact]
    public void Shrinking_activations_follow_their_definitions()
    {
        double[] x = [-2, -0.5, -0.2, 0, 0.2, 0.5, 2, NaN];
        Assert.Equal([-1.5, 0, 0, 0, 0, 0, 1.5, NaN], Evaluate.Doubles(v => v.Softshrink(), x));
        Assert.Equal([-2, 0, 0, 0, 0, 0, 2, NaN], Evaluate.Doubles(v => v.Hardshrink(), x));
        Assert.Equal([9, 9, 9, 9, 0.2, 0.5, 2, NaN], Evaluate.Doubles(v => v.Threshold(0.1, 9), x));
        Assert.Equal([2 * (Math.Exp(-1) - 1), 2], Evaluate.Doubles(v => v.Celu(2), -2, 2).Select(v => Math.Round(v, 14)), (e, a) => Math.Abs(e - a) < 1e-13);
    }

    [Fact]
    public void Gates_split_and_maxout_picks_the_largest()
    {
        var x = Tensor.From([1.0, 2, 3, -4]);
        double S(double v) => 1 / (1 + Math.Exp(-v));
        Assert.Equal([S(3), 2 * S(-4)], Evaluate.Of(v => v[0].Glu(), x).ToArray<double>(), (e, a) => Math.Abs(e - a) < 1e-14);
        Assert.Equal([3, 0], Evaluate.Of(v => v[0].Reglu(), x).ToArray<double>());
        Assert.Equal([3 * S(3), -8 * S(-4)], Evaluate.Of(v => v[0].Swiglu(), x).ToArray<double>(), (e, a) => Math.Abs(e - a) < 1e-14);
        Assert.Equal([2, 3], Evaluate.Of(v => v[0].Maxout(2), x).ToArray<double>());
        Assert.Equal([1, 2, 3, -1], Evaluate.Of(v => v[0].PRelu(v[0].Number(0.25)), x).ToArray<double>());
        Assert.Contains("multiple of 3", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].Maxout(3), x)).Message, StringComparison.Ordinal);
    }
}
