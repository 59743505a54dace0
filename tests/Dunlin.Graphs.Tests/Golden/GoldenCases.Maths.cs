using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Maths()
    {
        foreach (var function in Bitwise.All) yield return Many(function.Name, x => [x[0].Graph.Add(function, x)]);
        // PyTorch takes 1 / alpha, and the trigamma function, in single precision or little better.
        yield return One("Celu", x => x.Celu(0.7), tolerance: 1e-7);
        foreach (var key in new[] { "Digamma/0", "Digamma/1" }) yield return One(key, x => x.Digamma(), tolerance: 1e-9);
        yield return One("Softshrink", x => x.Softshrink(0.4));
        yield return One("Hardshrink", x => x.Hardshrink(0.4));
        yield return One("Threshold", x => x.Threshold(0.1, 3));
        yield return One("Polygamma", x => x.Polygamma(2));
        yield return One("NanToNum", x => x.NanToNum(7, 8, -9));
        yield return One("QuickGelu", Operations.QuickGelu);
        yield return One("Softmin", x => x.Softmin());
        yield return One("Glu", x => x.Glu());
        yield return One("Swiglu", x => x.Swiglu());
        yield return One("Geglu", x => x.Geglu());
        yield return One("Reglu", x => x.Reglu());
        yield return Two("Lerp", (a, b) => a.Lerp(b, a.Number(0.3)));
        yield return Three("Fma", Operations.Fma);
        foreach (var shapes in new[] { "equal", "row", "outer", "scalar", "empty" }) yield return Two($"Igamma/x-{shapes}", (x, a) => a.Igamma(x));
        yield return Two("Ldexp", Operations.Ldexp);
        yield return One("BinaryExponent", x => x.Frexp().Exponent);
        foreach (var type in new[] { DType.Int64, DType.Int32, DType.UInt8 }) yield return One($"Bitcast/{type.ToString().ToLowerInvariant()}", x => x.Bitcast(type));
        yield return Without("Betainc", "PyTorch 1.13 and NumPy lack it; it is checked against mpmath.");
        foreach (var operation in new[] { "Underivable", "Print", "Assertion" }) yield return Without(operation, "It computes nothing.");
        foreach (var operation in new[] { "RandomIntegers", "RandomPermutation", "RandomGamma", "RandomPoisson", "RandomBinomial", "Categorical" })
            yield return Without(operation, "It is random, with a generator of Dunlin's own choice; its distribution is tested.");
    }
}
