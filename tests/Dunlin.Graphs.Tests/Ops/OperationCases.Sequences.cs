using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Sequences()
    {
        foreach (var (n, t, k, lengths) in new[] { (2, 4, 3, new[] { 4, 2 }), (3, 3, 2, [1, 0, 3]), (1, 1, 1, [1]), (0, 2, 2, []), (2, 0, 2, [0, 0]) })
        {
            Tensor[] inputs = [Signed(n, t, k), Between(-2, 2, k, k), Integers(lengths)];
            yield return new("CrfLogPartition", (_, x) => x[0].CrfLogPartition(x[1], x[2]), inputs);
            yield return new("CrfLogPartitionBackward", (_, x) => Gradients.Of(x[0].CrfLogPartition(x[1], x[2]).Square().Sum(), x[0])[0]!.Dense(), inputs);
            yield return new("CrfLogPartitionBackward", (_, x) => Gradients.Of(x[0].CrfLogPartition(x[1], x[2]).Square().Sum(), x[1])[0]!.Dense(), inputs);
        }
        yield return new("CrfLogPartition", (_, x) => x[0].CrfLoss(x[1], x[2], x[3]), [Signed(2, 3, 2), Signed(2, 2), Integers([0, 1, 1, 1, 0, -1], 2, 3), Integers([3, 2])]);
        // Lengths and labels: ordinary, empty labels, repetitions that fit exactly, labels that do not fit, no steps at all.
        var labels = Integers([1, 2, 2, 9, 2, 2, 1, 2], 4, 2);
        foreach (var (steps, counts) in new[] { (new[] { 5, 3, 3, 1 }, new[] { 2, 0, 2, 2 }), ([1, 2, 5, 0], [1, 1, 0, 0]) })
        {
            Tensor[] inputs = [Signed(4, 5, 3), labels, Integers(steps), Integers(counts)];
            Value Loss(IReadOnlyList<Value> x) => x[0].CtcLoss(x[1], x[2], x[3], zeroInfinity: true);
            yield return new("CtcLoss", (_, x) => Loss(x), inputs);
            yield return new("CtcLossBackward", (_, x) => Gradients.Of(Loss(x).Square().Sum(), x[0])[0]!.Dense(), inputs);
        }
        yield return new("CtcLoss", (_, x) => x[0].CtcLoss(x[1], x[2], x[3], blank: 3), [Signed(1, 6, 4), Integers([0, 0, 2], 1, 3), Tensor.From([6L]), Tensor.From([3L])]);
        yield return new("CtcLoss", (_, x) => x[0].CtcLoss(x[1], x[2], x[3]), [Signed(0, 2, 2), Integers([], 0, 1), Integers([]), Integers([])]);
        yield return new("CtcLoss", (_, x) => x[0].CtcLoss(x[1], x[2], x[3]), [Signed(2, 0, 2), Integers([], 2, 0), Integers([0, 0]), Integers([0, 0])]);
    }
}
