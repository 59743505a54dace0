using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Sequences()
    {
        yield return Many("CtcLoss", x => [x[0].CtcLoss(x[1], x[2], x[3])]);
        yield return Many("CtcLoss/last-blank", x => [x[0].CtcLoss(x[1], x[2], x[3], blank: 2)]);
        yield return Many("CtcLossBackward", x => [Backward(x[0].CtcLoss(x[1], x[2], x[3]), x[4], x[0])]);
        yield return Many("CtcLossBackward/last-blank", x => [Backward(x[0].CtcLoss(x[1], x[2], x[3], blank: 2), x[4], x[0])]);
        yield return Many("CrfLogPartition", x => [x[0].CrfLogPartition(x[1], x[2])]);
        yield return Many("CrfLogPartitionBackward", x => [.. new[] { 0, 1 }.Select(i => Backward(x[0].CrfLogPartition(x[1], x[2]), x[3], x[i]))]);
        yield return Many("CrfDecode", x =>
        {
            var (labels, scores) = x[0].CrfDecode(x[1], x[2]);
            return [labels, scores];
        });
        yield return Two("SequenceMask", (lengths, like) => lengths.SequenceMask(like, axis: 0));
        yield return One("CausalMask", like => like.Graph.Add(new CausalMask(), [like]));
        foreach (var name in new[] { "plain", "heads", "one" })
        {
            yield return Many($"ScaledDotProductAttention/{name}", x => [x[0].ScaledDotProductAttention(x[1], x[2])]);
            yield return Many($"ScaledDotProductAttention/bias-{name}", x => [x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3] })]);
            yield return Many($"ScaledDotProductAttention/causal-{name}", x => [x[0].ScaledDotProductAttention(x[1], x[2], new() { Causal = true })]);
            yield return Many($"Attention/{name}", x => [x[0].ScaledDotProductAttention(x[1], x[2])]);
            yield return Many($"Attention/bias-{name}", x => [x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3] })]);
            yield return Many($"AttentionBackward/{name}", x => [.. Enumerable.Range(0, 3).Select(i => Backward(x[0].ScaledDotProductAttention(x[1], x[2]), x[3], x[i]))]);
            yield return Many($"AttentionBackward/causal-{name}", x => [.. Enumerable.Range(0, 3).Select(i => Backward(x[0].ScaledDotProductAttention(x[1], x[2], new() { Causal = true }), x[3], x[i]))]);
            yield return Many($"AttentionMaskBackward/{name}", x => [Backward(x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3] }), x[4], x[3])]);
        }
        yield return Without("CandidateSample", "It is random, with a generator of Dunlin's own choice.");
        foreach (var operation in new[] { "CtcGreedyDecode", "CtcBeamDecode" })
            yield return Without(operation, "Neither library decodes paths: the tests compare with every path there is.");
        yield return Without("EditDistance", "Neither library has it: the tests compare with the definition.");
    }
}
