using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Sequences;

public class EditDistanceTests
{
    private static float Between(string a, string b, bool normalized = false, DType type = DType.Int64)
    {
        static Tensor Padded(string s) => Integers([.. s.Select(c => (int)c), 0, 0], 1, s.Length + 2);
        return Evaluate.Of(x => x[0].Cast(type).EditDistance(x[1], x[2].Cast(type), x[3], normalized), Padded(a), Integers([a.Length]), Padded(b), Integers([b.Length])).Item<float>();
    }

    /// <summary>By the definition, without a table.</summary>
    private static int Naive(string a, string b) => a.Length == 0 || b.Length == 0
        ? a.Length + b.Length
        : Math.Min(Naive(a[1..], b[1..]) + (a[0] == b[0] ? 0 : 1), 1 + Math.Min(Naive(a[1..], b), Naive(a, b[1..])));

    [Theory, InlineData("kitten", "sitting", 3), InlineData("", "abc", 3), InlineData("abc", "", 3), InlineData("", "", 0), InlineData("flaw", "lawn", 2), InlineData("same", "same", 0)]
    public void The_distance_counts_insertions_deletions_and_substitutions(string a, string b, int distance)
    {
        Assert.Equal(distance, Between(a, b));
        Assert.Equal(distance, Between(a, b, type: DType.Int32));
        Assert.Equal(distance, Naive(a, b));
    }

    [Theory, InlineData("abcab", "bbcb"), InlineData("aab", "bcbcca"), InlineData("acbcab", "cabacb")]
    public void It_is_that_of_the_definition(string a, string b) => Assert.Equal(Naive(a, b), Between(a, b));

    [Fact]
    public void Normalised_it_is_relative_to_the_truth()
    {
        Assert.Equal(0.5f, Between("abc", "adcd", normalized: true));
        Assert.Equal(float.PositiveInfinity, Between("a", "", normalized: true));
        Assert.Equal(0, Between("", "", normalized: true));
    }

    [Fact]
    public void A_mask_holds_where_sequences_are_real()
    {
        var mask = Evaluate.Of(x => x[0].SequenceMask(x[1]), Integers([2, 0, 3]), Signed(3, 3, 1));
        Assert.Equal([true, true, false, false, false, false, true, true, true], mask.ToArray<bool>());
        var error = Assert.Throws<DunlinException>(() => Evaluate.Of(x => x[0].SequenceMask(x[1]), Integers([4]), Signed(1, 3)));
        Assert.Contains("the length 4 at position 0 is not within 0 to 3", error.Message, StringComparison.Ordinal);
    }
}
