using Dunlin.Graphs.Ops;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Differentiation()
    {
        foreach (var rearrangement in new Rearrangement[] { new Pad(new Axes(1), new Axes(2), 3), new StridedSlice(new Slicing(Step: -2)), new Tile(new Axes(2)) })
            yield return One("BatchedRearrangement", x => x.Graph.Add(new BatchedRearrangement(rearrangement), [x]), Signed(2, 4));
        yield return Two("Barrier", (x, after) => x.Barrier(after), Signed(2, 3), Signed(4));
        // The surrogate is the function itself, so that differences agree.
        yield return One("StraightThrough", x => Operations.StraightThrough(x.Sin(), x.Sin()), Signed(2, 3));
        yield return new("CustomGradient", (_, v) => Gradients.Custom(v[0], x => x.Square(), (x, _, dy) => dy * x * 2), [Signed(3)]);
        yield return new("CustomGradient", (_, v) =>
        {
            var parts = Gradients.Custom(v, x => [x[0] * x[1], x[0].Sin()], (x, y, dy) => [dy[0] * x[1] + dy[1] * x[0].Cos(), dy[0] * x[0]]);
            return parts[0].Square() + parts[1];
        }, [Signed(2, 3), Signed(2, 3)]);
        yield return new("CustomGradient", (_, v) =>
        {
            var parts = Recompute.Of(x => [(x[0] * x[1]).Tanh() * v[2], x[0].Exp()], v[0], v[1]);
            return parts[0] * parts[1];
        }, [Signed(2, 3), Signed(3), Signed(2, 1)]);
        // What the function uses is also what its input is computed from.
        yield return One("CustomGradient", x => Recompute.Of(v => v.Sin() * x, x.Square()), Signed(2, 3));
    }
}
