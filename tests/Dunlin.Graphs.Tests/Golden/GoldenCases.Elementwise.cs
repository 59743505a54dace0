using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Elementwise()
    {
        foreach (var function in Unary.All) yield return One(function.Name, x => x.Graph.Add(function, [x]));
        foreach (var function in FloatTest.All) yield return One(function.Name, x => x.Graph.Add(function, [x]));
        foreach (Operation function in (IEnumerable<Operation>)[.. Binary.All, .. Comparison.All, .. Logical.All])
            yield return Many(function.Name, x => [x[0].Graph.Add(function, x)]);
        yield return One("Elu", x => x.Elu(0.7));
        yield return One("LeakyRelu", x => x.LeakyRelu(0.2));
        yield return One("Clip", x => x.Clip(-0.5, 0.4));
        yield return Three("Select", Operations.Select);
        foreach (var type in new[] { DType.Float32, DType.Float16, DType.Int64, DType.Bool, DType.Float64 })
            yield return One($"Cast/{type.ToString().ToLowerInvariant()}", x => x.Cast(type));
    }
}
