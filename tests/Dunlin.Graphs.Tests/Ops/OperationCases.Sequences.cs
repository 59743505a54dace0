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

    private static IEnumerable<OperationCase> Attentions()
    {
        (AttentionOptions Options, int[] Mask)[] forms =
        [
            (new(), []), (new() { Causal = true }, []), (new() { Scale = 0.7 }, [2, 1, 3, 2]), (new() { Causal = true }, [2, 1, 2]), (new(), [3, 1]),
        ];
        foreach (var (options, mask) in forms)
        {
            Tensor[] inputs = [Signed(2, 2, 3, 2), Signed(2, 2, 2, 2), Between(0, 1, 2, 2, 2, 3), .. mask.Length > 0 ? [Signed(mask)] : Array.Empty<Tensor>(), Integers([2, 1])];
            Value Attend(IReadOnlyList<Value> x) => x[0].ScaledDotProductAttention(x[1], x[2], options with { Mask = mask.Length > 0 ? x[3] : null, KeyLengths = x[^1] });
            yield return new("Attention", (_, x) => Attend(x), inputs);
            yield return new("AttentionBackward", (_, x) => Gradients.Of(Attend(x).Square().Sum(), x[0])[0]!.Dense(), inputs);
            yield return new("AttentionBackward", (_, x) => Gradients.Of(Attend(x).Square().Sum(), x[1])[0]!.Dense(), inputs, Twice: false);
            yield return new("AttentionBackward", (_, x) => Gradients.Of(Attend(x).Square().Sum(), x[2])[0]!.Dense(), inputs, Twice: false);
            if (mask.Length > 0) yield return new("AttentionMaskBackward", (_, x) => Gradients.Of(Attend(x).Square().Sum(), x[3])[0]!.Dense(), inputs);
        }
        Tensor[] dropped = [Signed(2, 3, 2), Signed(2, 4, 2), Signed(2, 4, 1), Counter(5)];
        yield return new("Attention", (_, x) => x[0].ScaledDotProductAttention(x[1], x[2], new() { DropWeights = new(x[3], 0.4, 3, 1) }), dropped);
        yield return new("Attention", (_, x) =>
        {
            var both = x[0].Graph.AddNode(new Attention(new(0.5, true, false, false, null)), x).Outputs;
            return both[0].Sum([-1]) * both[1];
        }, [Signed(2, 3, 2), Signed(2, 4, 2), Signed(2, 4, 1)]);
        foreach (var (q, k) in new[] { (0, 2), (2, 0), (1, 1) })
            yield return new("Attention", (_, x) => x[0].ScaledDotProductAttention(x[1], x[2]), [Signed(1, q, 2), Signed(1, k, 2), Signed(1, k, 2)]);
    }
}
