using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Strategies.Tests;

/// <summary>Tensors cut into pieces, as operations of each rank's graph, against sums and copies by hand.</summary>
public class PieceTests
{
    /// <summary>Elements of tensors: nothing, fewer than ranks, a multiple of them or not, large enough for pieces that stand side by side.</summary>
    private static readonly int[] Sizes = [0, 1, 2, 5, 64, 255, 256, 257, 1000];

    public static TheoryData<int, DType> Runs
    {
        get
        {
            var runs = new TheoryData<int, DType>();
            foreach (var ranks in new[] { 1, 2, 3, 4, 5, 7 })
                foreach (var type in new[] { DType.Float64, DType.Float32, DType.BFloat16 }) runs.Add(ranks, type);
            return runs;
        }
    }

    [Fact]
    public void Pieces_are_of_equal_length_and_hold_every_element_once()
    {
        for (var ranks = 1; ranks <= 17; ranks++)
            foreach (var n in Sizes.Concat([ranks - 1, ranks, 64 * ranks, 64 * ranks + 1, 1_000_003]))
            {
                var cut = new Cut(new(DType.Float32, [n]), ranks);
                Assert.Equal(n, Enumerable.Range(0, ranks).Sum(cut.Count));
                for (var r = 0; r + 1 < ranks; r++) Assert.Equal(cut.Begin(r + 1), cut.Begin(r) + cut.Count(r));
                Assert.True((long)cut.Length * ranks >= n && cut.Length - (n + ranks - 1) / ranks < 64);
            }
    }

    /// <summary>Small whole numbers: sums are exact in all types.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void Reduce_scatter_and_all_gather_are_the_sum(int ranks, DType type)
    {
        int[][] blocks = [.. Sizes.Select(n => new[] { n }), Sizes, [.. Sizes.Reverse()]];
        foreach (var block in blocks)
        {
            var results = LocalRanks.Run(ranks, communicator =>
            {
                var graph = new Graph();
                Value[] inputs = [.. block.Select((n, i) => graph.Placeholder($"x{i}", DType.Float64, [n]))];
                var pieces = Operations.ReduceScatterTogether([.. inputs.Select(x => x.Cast(type))], "data", ranks);
                var wholes = Operations.AllGatherTogether(pieces, [.. block.Select(n => new Cut(new(type, [n]), ranks))], "data");
                using var session = Session(graph, communicator);
                return session.Run([.. pieces.Concat(wholes).Select(v => v.Cast(DType.Float64))], [.. inputs.Select((x, i) => (x, Tensor.From(Numbers(block[i], communicator.Rank), [block[i]])))]).Select(t => t.ToArray<double>()).ToArray();
            });
            for (var i = 0; i < block.Length; i++)
            {
                double[] sum = [.. Enumerable.Range(0, block[i]).Select(k => Enumerable.Range(0, ranks).Sum(r => Numbers(block[i], r)[k]))];
                var cut = new Cut(new(type, [block[i]]), ranks);
                for (var r = 0; r < ranks; r++)
                {
                    Assert.Equal([.. sum.Skip((int)cut.Begin(r)).Take(cut.Count(r)), .. new double[cut.Length - cut.Count(r)]], results[r][i]);
                    Assert.Equal(sum, results[r][block.Length + i]);
                }
            }
        }
    }

    [Theory, InlineData(10, 3), InlineData(256, 2), InlineData(257, 4), InlineData(1, 4)]
    public void A_piece_of_a_tensor_ends_in_zeros_and_so_does_one_that_was_computed(int elements, int ranks)
    {
        var cut = new Cut(new(DType.Float32, [elements]), ranks);
        for (var rank = 0; rank < ranks; rank++)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, [elements]);
            var taken = x.TakePiece(cut, rank);
            using var session = Session(graph, null);
            var results = session.Run([taken, (taken + 1).WithoutPadding(cut, rank)], (x, Tensor.From(Enumerable.Range(0, elements).Select(i => i + 1f).ToArray())));
            float[] expected = [.. Enumerable.Range((int)cut.Begin(rank) + 1, cut.Count(rank)).Select(i => (float)i)];
            float[] zeros = new float[cut.Length - cut.Count(rank)];
            Assert.Equal([.. expected, .. zeros], results[0].ToArray<float>());
            Assert.Equal([.. expected.Select(e => e + 1), .. zeros], results[1].ToArray<float>());
        }
    }

    private static double[] Numbers(int count, int rank) => [.. Enumerable.Range(0, count).Select(i => (double)((i * 7 + rank * 3) % 5 - 2))];

    private static Session Session(Graph graph, ICommunicator? communicator) =>
        new(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = communicator is null ? null : _ => communicator });
}
