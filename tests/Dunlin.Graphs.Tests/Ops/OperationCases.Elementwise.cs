using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Elementary()
    {
        foreach (var function in Unary.All.Where(u => u.NoGradientReason is null))
        {
            var input = function.Name switch
            {
                "Log" or "Sqrt" or "Rsqrt" or "Log2" or "Log10" or "Reciprocal" or "LogGamma" or "Digamma" => Between(0.3, 3, 2, 3),
                "Asin" or "Acos" or "Atanh" or "Log1p" or "ErfInv" => Between(-0.8, 0.8, 2, 3),
                "NormalQuantile" or "Logit" => Between(0.1, 0.9, 2, 3),
                "Acosh" => Between(1.2, 3, 2, 3),
                _ => Signed(2, 3),
            };
            yield return One(function.Name, x => x.Graph.Add(function, [x]), input);
            yield return One(function.Name, x => x.Graph.Add(function, [x]), Tensor.Zeros(DType.Float64, [2, 0]));
        }
        // Beyond the kinks of the bounded ones.
        yield return One("Relu6", x => x.Relu6(), Tensor.From([-3.0, 0.5, 5.5, 7]));
        yield return One("HardSigmoid", x => x.HardSigmoid(), Tensor.From([-4.0, -2, 2, 4]));
        yield return One("HardTanh", x => x.HardTanh(), Tensor.From([-2.0, -0.5, 0.5, 3]));
        yield return One("Gelu", x => x.Gelu(), Between(-4, 4, 9));
        yield return One("Erfc", x => x.Erfc(), Between(-4, 4, 9));
        yield return One("Elu", x => x.Elu(0.7), Signed(2, 3));
        yield return One("LeakyRelu", x => x.LeakyRelu(0.2), Signed(2, 3));
        yield return One("Clip", x => x.Clip(-0.5, 0.4), Tensor.From([-2.0, -0.4, 0.3, 3]));
        yield return new("Cast", (_, x) => x[0].Graph.Add(new Cast(DType.Float64), [x[0]]), [Signed(2, 3)]);
    }

    private static IEnumerable<OperationCase> Pairs()
    {
        (Tensor, Tensor)[] shapes =
        [
            (Distinct(2, 3), Between(0.5, 2, 2, 3)), (Distinct(2, 3), Between(0.5, 2, 3)), (Distinct(2, 1), Between(0.5, 2, 1, 3)),
            (Distinct(), Between(0.5, 2, 3, 1)), (Distinct(2, 1, 3), Between(0.5, 2, 4, 1)), (Distinct(1, 1), Between(0.5, 2)), (Distinct(0, 3), Between(0.5, 2, 1, 3)),
        ];
        foreach (var function in Binary.All.Where(b => b.NoGradientReason is null && !OwnPairs.Contains(b.Name)))
            foreach (var (a, b) in shapes)
                yield return Two(function.Name, (x, y) => x.Graph.Add(function, [x, y]), a, b);
        var condition = Tensor.From([true, false, true]);
        yield return new("Select", (g, x) => Operations.Select(g.Constant(condition), x[0], x[1]), [Signed(2, 3), Signed(2, 1)]);
        yield return Two("Select", (a, b) => Operations.Select(a > 0, a, b), Signed(2, 3), Signed());
    }
}
