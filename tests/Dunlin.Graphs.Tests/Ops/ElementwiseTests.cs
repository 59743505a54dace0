using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class ElementwiseTests
{
    private static readonly Dictionary<string, Func<double, double>> Definitions = new()
    {
        ["Negate"] = x => -x,
        ["Relu"] = x => Math.Max(x, 0),
        ["Exp"] = Math.Exp,
        ["Log"] = Math.Log,
        ["Sqrt"] = Math.Sqrt,
        ["Square"] = x => x * x,
        ["Tanh"] = Math.Tanh,
        ["Sigmoid"] = x => 1 / (1 + Math.Exp(-x)),
        ["Abs"] = Math.Abs,
        ["Sign"] = x => Math.Sign(x),
        ["Floor"] = Math.Floor,
        ["Ceiling"] = Math.Ceiling,
        ["Round"] = Math.Round,
        ["Truncate"] = Math.Truncate,
        ["Reciprocal"] = x => 1 / x,
        ["Rsqrt"] = x => 1 / Math.Sqrt(x),
        ["Exp2"] = x => Math.Pow(2, x),
        ["Expm1"] = x => Math.Exp(x) - 1,
        ["Log1p"] = x => Math.Log(1 + x),
        ["Log2"] = Math.Log2,
        ["Log10"] = Math.Log10,
        ["Sin"] = Math.Sin,
        ["Cos"] = Math.Cos,
        ["Tan"] = Math.Tan,
        ["Asin"] = Math.Asin,
        ["Acos"] = Math.Acos,
        ["Atan"] = Math.Atan,
        ["Sinh"] = Math.Sinh,
        ["Cosh"] = Math.Cosh,
        ["Asinh"] = Math.Asinh,
        ["Acosh"] = Math.Acosh,
        ["Atanh"] = Math.Atanh,
        ["Erf"] = Erf,
        ["Erfc"] = x => 1 - Erf(x),
        ["Softplus"] = x => Math.Log(1 + Math.Exp(x)),
        ["Softsign"] = x => x / (1 + Math.Abs(x)),
        ["Selu"] = x => 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * (Math.Exp(x) - 1)),
        ["Gelu"] = x => x * (1 + Erf(x / Math.Sqrt(2))) / 2,
        ["GeluTanh"] = x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        ["Silu"] = x => x / (1 + Math.Exp(-x)),
        ["Mish"] = x => x * Math.Tanh(Math.Log(1 + Math.Exp(x))),
        ["Relu6"] = x => Math.Clamp(x, 0, 6),
        ["HardSigmoid"] = x => Math.Clamp(x / 6 + 0.5, 0, 1),
        ["HardTanh"] = x => Math.Clamp(x, -1, 1),
        ["HardSwish"] = x => x * Math.Clamp(x + 3, 0, 6) / 6,
        ["LogSigmoid"] = x => -Math.Log(1 + Math.Exp(-x)),
        ["Tanhshrink"] = x => x - Math.Tanh(x),
        ["Frac"] = x => x - Math.Truncate(x),
    };

    public static TheoryData<string> Functions => [.. Unary.All.Select(u => u.Name).Except(Special.SpecialFunctionTests.Checked)];

    [Theory, MemberData(nameof(Functions))]
    public void Functions_of_one_number_follow_their_definitions(string name)
    {
        var function = Unary.All.Single(u => u.Name == name);
        var definition = Definitions[name];
        double[] x = [.. Enumerable.Range(0, 1500).Select(i => (i - 700.25) / 160)];
        Tensor Apply(Tensor input) => Evaluate.Of(v => v[0].Graph.Add(function, [v[0]]), input);
        var wide = Apply(Tensor.From(x)).ToArray<double>();
        var narrow = Apply(Tensor.From([.. x.Select(v => (float)v)])).ToArray<float>();
        var half = Apply(Tensor.From([.. x.Select(v => (Half)v)])).ToArray<Half>();
        for (var i = 0; i < x.Length; i++)
        {
            Close(definition(x[i]), wide[i], 1e-12, x[i]);
            var single = (double)(float)x[i];
            Close(definition(single), narrow[i], 2e-6, single);
            var small = (double)(Half)x[i];
            Close(definition(small), (double)half[i], 2e-3, small);
        }
    }

    [Fact]
    public void Small_arguments_and_tails_keep_their_precision()
    {
        Assert.Equal([1e-20, -1e-9 - 5e-19], Evaluate.Doubles(x => x.Log1p(), 1e-20, -1e-9), Relative(1e-15));
        Assert.Equal([1e-20, -1e-9 + 5e-19], Evaluate.Doubles(x => x.Expm1(), 1e-20, -1e-9), Relative(1e-15));
        Assert.Equal([double.PositiveInfinity, -1, double.PositiveInfinity], [.. Evaluate.Doubles(x => x.Expm1(), 1e4, -1e4), Evaluate.Doubles(x => x.Log1p(), double.PositiveInfinity)[0]]);
        Assert.Equal([1.5374597944280349e-12, 0.15729920705028513], Evaluate.Doubles(x => x.Erfc(), 5, 1), Relative(1e-14));
        Assert.Equal([1000, Math.Exp(-50)], Evaluate.Doubles(x => x.Softplus(), 1000, -50), Relative(1e-15));
        Assert.Equal([1000, Math.Exp(-50), 0], [.. Evaluate.Doubles(x => x.SigmoidCrossEntropy(x.ZerosLike()), 1000, -50), Evaluate.Doubles(x => x.SigmoidCrossEntropy(x.OnesLike()), 1000)[0]], Relative(1e-15));
    }

    [Fact]
    public void Division_rounds_down_and_its_remainder_has_the_divisors_sign()
    {
        double[] a = [7, -7, 7, -7, 0, 5.5, -5.5], b = [3, 3, -3, -3, 2, 2, 2];
        Assert.Equal([2, -3, -3, 2, 0, 2, -3], Evaluate.Of(v => v[0].FloorDivide(v[1]), Tensor.From(a), Tensor.From(b)).ToArray<double>());
        Assert.Equal([1, 2, -2, -1, 0, 1.5, 0.5], Evaluate.Of(v => v[0].Modulo(v[1]), Tensor.From(a), Tensor.From(b)).ToArray<double>());
        int[] i = [7, -7, 7, -7, int.MinValue], j = [3, 3, -3, -3, -1];
        Assert.Equal([2, -3, -3, 2, int.MinValue], Evaluate.Of(v => v[0].FloorDivide(v[1]), Tensor.From(i), Tensor.From(j)).ToArray<int>());
        Assert.Equal([1, 2, -2, -1, 0], Evaluate.Of(v => v[0].Modulo(v[1]), Tensor.From(i), Tensor.From(j)).ToArray<int>());
        Assert.Contains("divisor is 0", Assert.Throws<DunlinException>(() => Evaluate.Of(v => v[0].Modulo(v[1]), Tensor.From([1]), Tensor.From([0]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Powers_of_negative_bases_are_those_of_mathematics()
    {
        Assert.Equal([-8, 4, 0.25], Evaluate.Of(v => v[0].Pow(v[1]), Tensor.From([-2.0, -2, -2]), Tensor.From([3.0, 2, -2])).ToArray<double>());
        Assert.Equal([4, -8], [Evaluate.Doubles(x => x.Pow(2), -2)[0], Evaluate.Doubles(x => x.Pow(3), -2)[0]]);
    }

    [Fact]
    public void Tests_of_numbers_tell_NaN_and_infinity_apart()
    {
        var x = Tensor.From([1.0f, float.NaN, float.NegativeInfinity]);
        Assert.Equal([false, true, false], Evaluate.Of(v => v[0].IsNaN(), x).ToArray<bool>());
        Assert.Equal([false, false, true], Evaluate.Of(v => v[0].IsInfinity(), x).ToArray<bool>());
        Assert.Equal([true, false, false], Evaluate.Of(v => v[0].IsFinite(), x).ToArray<bool>());
    }

    private static Comparer Relative(double tolerance) => new(tolerance);

    private static void Close(double expected, double actual, double tolerance, double x) => Assert.True(
        double.IsNaN(expected) ? double.IsNaN(actual) : expected == actual || Math.Abs(expected - actual) <= tolerance * Math.Max(1, Math.Abs(expected)) * Math.Max(1, Math.Abs(x)),
        $"f({x}) is {expected}, got {actual}.");

    /// <summary>The Taylor series, 2/√π · Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)): good to 10⁻¹² where its terms stay small, and 1 beyond.</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 3) return Math.Sign(x) * (1 - Math.Exp(-x * x) / (Math.Abs(x) * Math.Sqrt(Math.PI)) * Fraction(Math.Abs(x)));
        var (sum, term) = (x, x);
        for (var n = 1; n < 80; n++) sum += (term *= -x * x / n) / (2 * n + 1);
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>Laplace's continued fraction of √π x exp(x²) erfc(x).</summary>
    private static double Fraction(double x)
    {
        var value = x;
        for (var k = 60; k >= 1; k--) value = x + k / 2.0 / value;
        return x / value;
    }

    private sealed class Comparer(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => x == y || Math.Abs(x - y) <= tolerance * Math.Abs(x);

        public int GetHashCode(double value) => 0;
    }
}
