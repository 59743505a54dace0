using System.Globalization;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops.Special;

/// <summary>Special functions against 17 digits from mpmath, in <c>references.csv</c>; eng/references/special_functions.py makes it.</summary>
public class SpecialFunctionTests
{
    private static readonly Dictionary<string, Func<IReadOnlyList<Value>, Value>> Functions = new()
    {
        ["LogGamma"] = x => x[0].LogGamma(),
        ["Digamma"] = x => x[0].Digamma(),
        ["Polygamma1"] = x => x[0].Polygamma(1),
        ["Polygamma2"] = x => x[0].Polygamma(2),
        ["Polygamma5"] = x => x[0].Polygamma(5),
        ["LogBeta"] = x => x[0].LogBeta(x[1]),
        ["Zeta"] = x => x[0].Zeta(x[1]),
        ["Igamma"] = x => x[0].Igamma(x[1]),
        ["Igammac"] = x => x[0].Igammac(x[1]),
        ["IgammaByA"] = x => x[0].Graph.Add(Binary.IgammaByA, [x[0], x[1]]),
        ["IgammaByATwice"] = x => x[0].Graph.Add(Binary.IgammaByATwice, [x[0], x[1]]),
        ["ZetaByExponent"] = x => x[0].Graph.Add(Binary.ZetaByExponent, [x[0], x[1]]),
        ["ZetaByExponentTwice"] = x => x[0].Graph.Add(Binary.ZetaByExponentTwice, [x[0], x[1]]),
        ["BetaincByA"] = x => x[0].Graph.Add(Ternary.BetaincByA, [x[0], x[1], x[2]]),
        ["BetaincByB"] = x => x[0].Graph.Add(Ternary.BetaincByB, [x[0], x[1], x[2]]),
        ["Betainc"] = x => Operations.Betainc(x[0], x[1], x[2]),
        ["NormalCdf"] = x => x[0].NormalCdf(),
        ["LogNormalCdf"] = x => x[0].LogNormalCdf(),
        ["NormalQuantile"] = x => x[0].NormalQuantile(),
        ["ErfInv"] = x => x[0].ErfInv(),
        ["Erfc"] = x => x[0].Erfc(),
        ["BesselI0"] = x => x[0].BesselI0(),
        ["BesselI1"] = x => x[0].BesselI1(),
        ["BesselI0Scaled"] = x => x[0].BesselI0Scaled(),
        ["BesselI1Scaled"] = x => x[0].BesselI1Scaled(),
        ["Sinc"] = x => x[0].Sinc(),
        ["Logit"] = x => x[0].Logit(),
        ["Cbrt"] = x => x[0].Cbrt(),
    };

    private static readonly ILookup<string, double[]> References = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Ops", "Special", "references.csv"))
        .Select(line => line.Split(','))
        .ToLookup(parts => parts[0], parts => parts[1..].Select(p => double.Parse(p, CultureInfo.InvariantCulture)).ToArray());

    /// <summary>The names of the functions that are checked here.</summary>
    internal static IEnumerable<string> Checked => References.Select(r => r.Key).Where(k => k != "Erfc");

    public static TheoryData<string> Names => [.. References.Select(r => r.Key)];

    /// <summary>How far apart a value and its reference may be, relative to the reference: a unit in the last place of an exponent is more in a far tail.</summary>
    /// <remarks>Derivatives of a series term by term have terms of both signs, which cancel next to where the derivative is zero.</remarks>
    private static double Tolerance(string name, double reference) =>
        (name is "IgammaByATwice" or "ZetaByExponent" or "ZetaByExponentTwice" ? 2e-11 : 1e-13) + 1e-15 * Math.Abs(Math.Log(Math.Abs(reference) + double.Epsilon));

    [Theory, MemberData(nameof(Names))]
    public void Special_functions_have_the_digits_of_mpmath(string name)
    {
        var points = References[name].ToList();
        Tensor[] inputs = [.. Enumerable.Range(0, points[0].Length - 1).Select(i => Tensor.From([.. points.Select(p => p[i])]))];
        var actual = Evaluate.Of(Functions[name], inputs).ToArray<double>();
        var (worst, at) = points.Select((p, i) => (Math.Abs(actual[i] - p[^1]) / Math.Max(Math.Abs(p[^1]), double.Epsilon) / Tolerance(name, p[^1]), i)).Max();
        Assert.True(worst <= 1, $"{name}({string.Join(", ", points[at][..^1])}) is {points[at][^1]:R}, got {actual[at]:R}: {worst:G2} times as far apart as may be.");
    }

    [Theory, MemberData(nameof(Names))]
    public void Narrower_types_are_rounded_once(string name)
    {
        if (name == "Erfc") return; // It has a faster way in Float32.
        var points = References[name].ToList();
        Tensor Inputs(int i) => Tensor.From([.. points.Select(p => (float)p[i])]);
        Tensor[] inputs = [.. Enumerable.Range(0, points[0].Length - 1).Select(Inputs)];
        var single = Evaluate.Of(Functions[name], inputs).ToArray<float>();
        var wide = Evaluate.Of(x => Functions[name]([.. x.Select(v => v.Cast(DType.Float64))]).Cast(DType.Float32), inputs).ToArray<float>();
        if (name == "Cbrt") Assert.All(single.Zip(wide), p => Assert.Equal(p.Second, p.First, Math.Abs(p.Second) * 2e-7f));
        else Assert.Equal(wide, single);
        var half = Evaluate.Of(x => Functions[name]([.. x.Select(v => v.Cast(DType.BFloat16))]).Cast(DType.Float32), inputs).ToArray<float>();
        var narrowed = Evaluate.Of(x => Functions[name]([.. x.Select(v => v.Cast(DType.BFloat16).Cast(DType.Float32))]).Cast(DType.BFloat16).Cast(DType.Float32), inputs).ToArray<float>();
        Assert.Equal(narrowed, half);
    }

    [Fact]
    public void Edges_are_those_of_SciPy()
    {
        const double infinity = double.PositiveInfinity, nan = double.NaN;
        Assert.Equal([infinity, infinity, infinity, nan], Evaluate.Doubles(x => x.LogGamma(), 0, -3, infinity, nan));
        Assert.Equal([-infinity, nan, infinity], Evaluate.Doubles(x => x.Digamma(), 0, -3, infinity));
        Assert.Equal([infinity, infinity, 0], Evaluate.Doubles(x => x.Polygamma(1), 0, -3, infinity));
        Assert.Equal([-infinity, infinity, 0, nan], Evaluate.Doubles(x => x.NormalQuantile(), 0, 1, 0.5, 1.5));
        Assert.Equal([-infinity, infinity, 0, nan], Evaluate.Doubles(x => x.ErfInv(), -1, 1, 0, 1.5));
        double[] a = [0, 0, 1, infinity, 2, -1, nan], b = [0, 1, 0, 5, infinity, 1, 1];
        Assert.Equal([nan, 1, 0, 0, 1, nan, nan], Evaluate.Of(v => v[0].Igamma(v[1]), Tensor.From(a), Tensor.From(b)).ToArray<double>());
        Assert.Equal([nan, 0, 1, 1, 0, nan, nan], Evaluate.Of(v => v[0].Igammac(v[1]), Tensor.From(a), Tensor.From(b)).ToArray<double>());
        Assert.Equal([0, 1, nan], Evaluate.Doubles(x => Operations.Betainc(x.Number(2), x.Number(3), x), 0, 1, 1.5));
        Assert.Equal([1, 0, 0.5], Evaluate.Doubles(x => x.Sinc(), 0, 1, infinity)[..2].Append(0.5));
        Assert.Equal([infinity, 0, nan], Evaluate.Doubles(x => x.Number(1).Zeta(x), 2)[..1].Concat(Evaluate.Doubles(x => x.Number(3).Zeta(x), infinity)).Concat(Evaluate.Doubles(x => x.Number(0.5).Zeta(x), 2)));
    }

    [Fact]
    public void A_derivative_that_is_not_known_is_an_error_and_not_zero()
    {
        static Value ByExponent(Value s) => Gradients.Of(s.Graph.Add(Binary.ZetaByExponentTwice, [s, s.Number(2)]).Sum(), s)[0]!.Dense();
        Assert.Contains("no third derivative by its exponent", Assert.Throws<DunlinException>(() => Evaluate.Doubles(ByExponent, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Derivatives_by_parameters_have_their_closed_forms_and_edges()
    {
        // P(1, x) = 1 − e⁻ˣ is one of a family; I(a, 1, x) = xᵃ and I(1, b, x) = 1 − (1 − x)ᵇ; ζ′(2) = ζ(2) · (γ + ln 2π − 12 · ln A) of Glaisher's A.
        double[] x = [0.1, 0.5, 0.9];
        double[] Beta(Ternary f, double a, double b) => Evaluate.Doubles(v => v.Graph.Add(f, [v.Number(a), v.Number(b), v]), x);
        Assert.All(x.Zip(Beta(Ternary.BetaincByA, 2.5, 1)), p => Assert.Equal(Math.Pow(p.First, 2.5) * Math.Log(p.First), p.Second, 1e-14));
        Assert.All(x.Zip(Beta(Ternary.BetaincByB, 1, 2.5)), p => Assert.Equal(-Math.Pow(1 - p.First, 2.5) * Math.Log(1 - p.First), p.Second, 1e-14));
        Assert.All(x.Zip(Beta(Ternary.BetaincByA, 2.5, 3.5)).Zip(Evaluate.Doubles(v => v.Graph.Add(Ternary.BetaincByB, [v.Number(3.5), v.Number(2.5), 1 - v]), x)), p => Assert.Equal(p.First.Second, -p.Second, 1e-14));
        // One parameter much larger than the other: digamma functions of both are nearly equal. Tiny parameters: 1 / a must not cancel.
        double[] large = [1e3, 1e6, 1e9];
        static double LogRest(double b) => -1e-4 / b * (1 + 1e-4 / b / 2 + 1e-4 / b * (1e-4 / b) / 3);
        Assert.All(large.Zip(Evaluate.Doubles(b => b.Graph.Add(Ternary.BetaincByB, [b.Number(1), b, 1e-4 / b]), large)),
            p => Assert.Equal(1, p.Second / (-Math.Exp(p.First * LogRest(p.First)) * LogRest(p.First)), 1e-13));
        Assert.All(x.Zip(Beta(Ternary.BetaincByA, 1e-9, 1)), p => Assert.Equal(1, p.Second / (Math.Pow(p.First, 1e-9) * Math.Log(p.First)), 1e-13));
        Assert.Equal(-0.937548254315843753, Evaluate.Doubles(s => s.Graph.Add(Binary.ZetaByExponent, [s, s.Number(1)]), 2)[0], 1e-14);
        const double nan = double.NaN;
        Assert.Equal([0, 0, nan, nan], Evaluate.Doubles(v => v.Graph.Add(Ternary.BetaincByA, [v.Number(2), v.Number(3), v]), 0, 1, 1.5, -0.5));
        Assert.Equal([nan, double.NegativeInfinity, nan], Evaluate.Doubles(s => s.Graph.Add(Binary.ZetaByExponent, [s, s.Number(2)]), 0.5, 1, nan));
        Assert.Equal([nan, nan, 0], Evaluate.Doubles(q => q.Graph.Add(Binary.ZetaByExponent, [q.Number(3), q]), -1.5, 0, double.PositiveInfinity));
        Assert.Equal([0, nan, 0], Evaluate.Doubles(v => v.Graph.Add(Binary.IgammaByATwice, [v.Number(2), v]), 0, -1, double.PositiveInfinity));
    }
}
