namespace Dunlin.Strategies;

/// <summary>Which gradients travel together.</summary>
internal static class Buckets
{
    /// <summary>Fills one bucket after the other in the order in which the gradients are produced.</summary>
    /// <param name="gradients">For each gradient, when it is produced (a number that rises), its size in bytes, and a kind: unequal kinds do not share a bucket.</param>
    /// <param name="bucketBytes">A bucket that holds this much is full; a larger gradient has one of its own.</param>
    /// <returns>The gradients' places in the list, bucket by bucket.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Fill<TKind>(IReadOnlyList<(int Produced, long Bytes, TKind Kind)> gradients, long bucketBytes) where TKind : notnull
    {
        var buckets = new List<IReadOnlyList<int>>();
        var open = new Dictionary<TKind, (List<int> Members, long Bytes)>();
        foreach (var i in Enumerable.Range(0, gradients.Count).OrderBy(i => gradients[i].Produced))
        {
            var (_, bytes, kind) = gradients[i];
            if (open.TryGetValue(kind, out var bucket) && bucket.Bytes + bytes > bucketBytes)
            {
                buckets.Add(bucket.Members);
                open.Remove(kind);
            }
            var (members, held) = open.GetValueOrDefault(kind, ([], 0));
            members.Add(i);
            open[kind] = (members, held + bytes);
        }
        buckets.AddRange(open.Values.Select(b => b.Members));
        return buckets;
    }
}
