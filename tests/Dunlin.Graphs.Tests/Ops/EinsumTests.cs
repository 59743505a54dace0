using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class EinsumTests
{
    [Theory]
    [InlineData("ij,jk->ik", "2,3;3,4"), InlineData("ji,jk", "3,2;3,4"), InlineData("ij->ji", "2,3"), InlineData("ba", "2,3"), InlineData("ii", "3,3"), InlineData("ii->i", "3,3"), InlineData("iijj->ij", "2,2,3,3")]
    [InlineData("i,i->i", "4;4"), InlineData("i,i", "4;4"), InlineData("i,j->ji", "2;3"), InlineData("ijk->j", "2,3,4"), InlineData("bij,bjk->bik", "2,3,4;2,4,5"), InlineData("abc,dcb->da", "2,3,4;5,4,3")]
    [InlineData("i,ij,j->", "3;3,4;4"), InlineData("ij,jk,kl,lm->im", "2,3;3,4;4,2;2,3"), InlineData("aij,aik,aj->k", "2,3,4;2,3,5;2,4"), InlineData("ij,ij,ij->i", "2,3;2,3;2,3"), InlineData("iij,jk->ik", "2,2,3;3,2")]
    [InlineData("ij,j->ij", "2,3;1"), InlineData("ij,jk->ik", "2,1;3,4"), InlineData(" i j , j k -> i k ", "2,3;3,4"), InlineData("Ab,bA", "2,3;3,2"), InlineData(",i->i", ";3"), InlineData("i->", "0"), InlineData("ij,jk->ik", "2,0;0,3")]
    public void Sums_of_products_agree_with_nested_loops(string equation, string shapes)
    {
        Tensor[] x = [.. shapes.Split(';').Select(s => Signed([.. s.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)]))];
        var (expected, shape) = Naive(equation.Replace(" ", "", StringComparison.Ordinal), x);
        var y = Evaluate.Of(v => Operations.Einsum(equation, v), x);
        Assert.Equal(shape, y.Shape.Dimensions.ToArray());
        Assert.All(y.ToArray<double>().Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-12));
    }

    [Theory]
    [InlineData("...ij,...jk->...ik", "aij,bajk->baik", "2,3,4;5,2,4,3"), InlineData("...ij,jk...", "abij,jkab->abik", "2,3,2,4;4,2,2,3"), InlineData("...,...->...", "ab,ab->ab", "2,3;2,3")]
    [InlineData("...i->...", "abi->ab", "2,3,4"), InlineData("i...->...", "iab->ab", "2,3,4"), InlineData("...ij->...ji", "ij->ji", "2,3"), InlineData("a...b,...b->...", "aijb,ijb->ij", "2,3,4,2;3,4,2"), InlineData("...i,...i->...i", "abi,bi->abi", "2,3,4;1,4")]
    public void An_ellipsis_stands_for_dimensions_aligned_from_the_last(string equation, string meaning, string shapes)
    {
        Tensor[] x = [.. shapes.Split(';').Select(s => Signed([.. s.Split(',').Select(int.Parse)]))];
        var y = Evaluate.Of(v => Operations.Einsum(equation, v), x);
        var (expected, shape) = Naive(meaning, x);
        Assert.Equal(shape, y.Shape.Dimensions.ToArray());
        Assert.All(y.ToArray<double>().Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-12));
    }

    [Theory, InlineData("ij,jk", "names 2 operands, but 1 are given"), InlineData("ij->ik", "dimension k, which no operand has"), InlineData("ij->ii", "dimension i twice"), InlineData("i", "names 1 dimensions of operand 0")]
    [InlineData("i1", "has '1'"), InlineData("i->j->k", "more than one \"->\""), InlineData("......ij", "more than one ellipsis"), InlineData("ii", "has length 3, but the same label has length 2")]
    public void An_equation_that_does_not_fit_is_refused(string equation, string reason)
    {
        var x = new Graph().Placeholder("x", DType.Float32, [2, 3]);
        Assert.Contains(reason, Assert.Throws<ShapeException>(() => Operations.Einsum(equation, x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cheapest_pair_of_several_comes_first_and_unknown_lengths_are_no_trouble()
    {
        var graph = new Graph();
        Value Of(params int[] shape) => graph.Placeholder("x", DType.Float32, Shape.Create(shape));
        // (a b) c would take 100 times as many steps as a (b c).
        Operations.Einsum("ij,jk,kl->il", Of(100, 100), Of(100, 100), Of(100, 1));
        Assert.All(graph.Nodes.Where(n => n.Operation is MatMul), n => Assert.Equal("[100, 1]", n.Inputs[1].Shape.ToString()));
        Assert.Equal("[?, 3, ?]", Operations.Einsum("bij,jk->bki", Of(-1, -1, 5), Of(5, 3)).Shape.ToString());
    }

    [Fact]
    public void Integers_are_multiplied_and_summed()
    {
        Assert.Equal([7, 10, 15, 22], Evaluate.Of(v => Operations.Einsum("ij,jk", v[0], v[0]), Integers([1, 2, 3, 4], 2, 2)).ToArray<int>());
    }

    private static (double[] Elements, int[] Shape) Naive(string equation, Tensor[] x)
    {
        var terms = equation.Split("->")[0].Split(',');
        var letters = string.Concat(terms).Distinct().Order().ToArray();
        var output = equation.Contains("->", StringComparison.Ordinal) ? equation.Split("->")[1] : string.Concat(letters.Where(l => string.Concat(terms).Count(c => c == l) == 1));
        var lengths = letters.ToDictionary(l => l, l => terms.SelectMany((t, i) => t.Select((c, d) => (c, x[i].Shape[d]))).Where(p => p.c == l).Select(p => p.Item2).Aggregate(1, (n, m) => m == 1 ? n : m));
        int[] shape = [.. output.Select(l => lengths[l])];
        var result = new double[shape.Aggregate(1, (n, l) => n * l)];
        for (var i = 0; i < letters.Aggregate(1, (n, l) => n * lengths[l]); i++)
        {
            var place = new Dictionary<char, int>();
            for (var (l, rest) = (letters.Length - 1, i); l >= 0; rest /= lengths[letters[l--]]) place[letters[l]] = rest % lengths[letters[l]];
            var product = 1.0;
            for (var o = 0; o < terms.Length; o++)
            {
                var at = 0;
                for (var d = 0; d < terms[o].Length; d++) at = at * x[o].Shape[d] + (x[o].Shape[d] == 1 ? 0 : place[terms[o][d]]);
                product *= x[o].Span<double>()[at];
            }
            result[output.Aggregate(0, (at, l) => at * lengths[l] + place[l])] += product;
        }
        return (result, shape);
    }
}
