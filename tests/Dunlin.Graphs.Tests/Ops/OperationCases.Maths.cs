using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    /// <summary>Functions of two numbers that have cases of their own: their range is narrow, or derivatives by the first end somewhere.</summary>
    private static HashSet<string> OwnPairs => ["Zeta", "ZetaByExponent", "ZetaByExponentTwice", "Igamma", "Igammac", "IgammaByA", "IgammaByATwice"];

    private static IEnumerable<OperationCase> Maths()
    {
        yield return One("HardSwish", x => x.HardSwish(), Tensor.From([-4.0, -2.5, 2.5, 4]));
        yield return One("Celu", x => x.Celu(0.7), Signed(2, 3));
        yield return One("Softshrink", x => x.Softshrink(0.4), Tensor.From([-2.0, -0.3, 0.3, 2]));
        yield return One("Hardshrink", x => x.Hardshrink(0.4), Tensor.From([-2.0, -0.3, 0.3, 2]));
        yield return One("Threshold", x => x.Threshold(0.4, 3), Tensor.From([-2.0, -0.3, 0.3, 2]));
        yield return One("NanToNum", x => x.NanToNum(), Signed(2, 3));
        yield return new("Ldexp", (_, x) => x[0].Ldexp(x[1]), [Signed(2, 3), Integers([1, -2, 0])]);
        yield return new("Ldexp", (_, x) => x[0].Ldexp(x[1]), [Signed(), Integers([1, -2, 0])]);
        yield return One("Ldexp", x => x.Frexp().Mantissa, Between(0.55, 0.95, 2, 3));
        yield return One("Print", x => x.Print(elements: 0), Signed(2, 3));
        yield return One("Assertion", x => x.Assert(x < 2), Signed(2, 3));
        yield return new("GatherAxis", (_, x) => x[0].RandomCrop([2, 3], x[1], 1, 2), [Signed(3, 5), Counter(1)]);
        yield return new("Gather", (_, x) => x[0].Shuffle(x[1], 1, 2), [Signed(4, 2), Counter(1)]);
        yield return new("Softmax", (_, x) => x[0].GumbelSoftmax(x[1], 1, 2, 0.7), [Signed(2, 3), Counter(1)]);
        foreach (var order in new[] { 1, 2, 3 }) yield return One("Polygamma", x => x.Polygamma(order), Between(0.5, 3, 2, 3));
    }

    private static IEnumerable<OperationCase> Triples()
    {
        (Tensor A, Tensor B, Tensor C)[] shapes =
            [(Signed(2, 3), Distinct(2, 3), Between(0.1, 0.4, 2, 3)), (Signed(2, 1), Distinct(3), Between(0.6, 0.9)), (Signed(), Distinct(2, 1, 1), Between(0.1, 0.4, 3)), (Signed(0, 3), Distinct(3), Between(0.1, 0.4, 1, 1))];
        foreach (var (a, b, c) in shapes)
        {
            yield return new("Fma", (_, x) => x[0].Fma(x[1], x[2]), [a, b, c]);
            yield return new("Lerp", (_, x) => x[0].Lerp(x[1], x[2]), [a, b, c]);
            yield return new("Betainc", (g, x) => Operations.Betainc(g.Constant(b), x[0].Number(1.5), x[0]), [c]);
            // By a and b there is one derivative only.
            yield return new("Betainc", (_, x) => Operations.Betainc(x[0] + 1.5, x[1], x[2]), [a, b, c], Twice: false);
            yield return new("BetaincByA", (g, x) => x[0].Graph.Add(Ternary.BetaincByA, [g.Constant(b), x[0].Number(1.5), x[0]]), [c]);
            yield return new("BetaincByB", (g, x) => x[0].Graph.Add(Ternary.BetaincByB, [g.Constant(b), x[0].Number(1.5), x[0]]), [c]);
        }
    }

    private static IEnumerable<OperationCase> Incomplete()
    {
        foreach (var (a, b) in new[] { (Distinct(2, 3), Between(0.5, 2, 2, 3)), (Distinct(2, 1), Between(0.5, 2, 3)), (Distinct(), Between(2, 4, 2)), (Distinct(0, 2), Between(2, 4, 2)) })
        {
            yield return new("Igamma", (_, x) => x[0].Igamma(x[1]), [a, b]);
            yield return new("Igammac", (_, x) => x[0].Igammac(x[1]), [a, b]);
            // By the first operand there are two derivatives only.
            yield return new("IgammaByA", (g, x) => g.Add(Binary.IgammaByA, [x[0], x[1]]), [a, b], Twice: false);
            yield return new("IgammaByATwice", (g, x) => g.Add(Binary.IgammaByATwice, [g.Constant(a), x[0]]), [b]);
            yield return new("Zeta", (_, x) => (x[0] + 1.5).Zeta(x[1]), [a, b]);
            yield return new("ZetaByExponent", (g, x) => g.Add(Binary.ZetaByExponent, [x[0] + 1.5, x[1]]), [a, b], Twice: false);
            yield return new("ZetaByExponentTwice", (g, x) => g.Add(Binary.ZetaByExponentTwice, [g.Constant(a) + 1.5, x[0]]), [b]);
        }
    }

    private static IEnumerable<OperationCase> Gated()
    {
        foreach (var gate in new Func<Value, Value>[] { x => x.Glu(1), x => x.Reglu(1), x => x.Geglu(1), x => x.Swiglu(1) }) yield return One("Split", gate, Signed(2, 4));
        yield return Two("Select", (x, slope) => x.PRelu(slope), Signed(2, 3, 2), Between(0.1, 0.4, 3));
        yield return One("Softmax", x => x.Softmin(0), Signed(2, 3));
        yield return One("Reduce", x => x.Maxout(2, 1), Distinct(2, 6));
        yield return One("Sigmoid", x => x.QuickGelu(), Signed(2, 3));
        yield return Two("LogBeta", (a, b) => a.Beta(b), Between(0.5, 2, 3), Between(1, 2, 3));
    }
}
