using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Loops;

/// <summary>What the backward pass of a loop keeps of the iterations: what it reads, and nothing else.</summary>
public class LoopMemoryTests
{
    private const int Row = 64 * sizeof(float);

    private static Value Number(Graph graph, long n) => graph.Constant(n, DType.Int64);

    /// <summary>Bytes of the arena and of lists' elements of a step that computes a gradient with respect to w [64].</summary>
    private static (long Arena, long Lists) Measure(Func<Graph, Value, Value> function)
    {
        var graph = new Graph();
        var w = graph.Placeholder("w", DType.Float32, [64]);
        using var session = new Session(graph, new() { Threads = 1 });
        using var step = session.Compile([w], [Gradients.Of(function(graph, w).Sum(), w)[0]!.Dense()]);
        Tensor[] feeds = [Tensor.Zeros(DType.Float32, [64])];
        step.Run(feeds);
        return (step.PlanFor(feeds).ArenaBytes, StepScope.ElementBytes);
    }

    [Fact]
    public void A_scan_keeps_as_many_bytes_an_iteration_as_are_read_again()
    {
        // The backward body reads the sine's argument; the elements are constant and stay where they are.
        static Value Of(Graph g, Value w, int length) => ControlFlow.Fold(g.Constant(Tensor.Zeros(DType.Float32, [length, 64])), w, (s, e) => (s * 0.5 + e).Sin());
        var (once, twice) = (Measure((g, w) => Of(g, w, 100)), Measure((g, w) => Of(g, w, 200)));
        Assert.Equal((100L * Row, 0L), (twice.Arena - once.Arena, twice.Lists));
    }

    [Fact]
    public void Loops_of_unknown_length_keep_as_many_bytes_an_iteration_as_are_read_again()
    {
        static Value Repeat(Graph g, Value w, int length) => ControlFlow.Repeat(Number(g, length), [w], (_, s) => [(s[0] * 0.5).Sin()])[0];
        static Value While(Graph g, Value w, int length) => ControlFlow.While([Number(g, 0), w], s => s[0] < Number(g, length), s => [s[0] + 1, (s[1] * 0.5).Sin()])[1];
        foreach (var loop in new[] { Repeat, While })
        {
            var (once, twice) = (Measure((g, w) => loop(g, w, 100)), Measure((g, w) => loop(g, w, 200)));
            Assert.Equal((once.Arena, 100L * Row, 200L * Row), (twice.Arena, once.Lists, twice.Lists));
        }
    }

    [Fact]
    public void Loops_within_loops_keep_the_product()
    {
        // Of the inner loops' iterations each argument of a sine, of the outer ones a list's handle each.
        static Value Inner(Graph g, Value s, int length) => ControlFlow.Repeat(Number(g, length), [s], (_, t) => [(t[0] * 0.5).Sin()])[0];
        static Value Repeated(Graph g, Value w, int outer, int inner) => ControlFlow.Repeat(Number(g, outer), [w], (_, s) => [Inner(g, s[0], inner)])[0];
        static Value Scanned(Graph g, Value w, int outer, int inner) => ControlFlow.Fold(g.Constant(Tensor.Zeros(DType.Float32, [outer, 1])), w, (s, _) => Inner(g, s, inner));
        foreach (var (outer, inner) in new[] { (10, 10), (20, 10), (20, 30) })
        {
            Assert.Equal(outer * inner * Row + outer * sizeof(long), Measure((g, w) => Repeated(g, w, outer, inner)).Lists);
            Assert.Equal(outer * inner * Row, Measure((g, w) => Scanned(g, w, outer, inner)).Lists);
        }
    }

    [Fact]
    public void A_list_that_is_a_state_keeps_its_elements_and_gradients_once()
    {
        // Forward: T elements appended. Backward: places (8 bytes each), one gradient of the list's and one of each element's; nothing that grows with T².
        static Value Of(Graph g, Value w, int length)
        {
            var none = TensorArray.Empty(g, w.TensorType);
            return none.With(ControlFlow.Repeat(Number(g, length), [w, none], (_, s) => [s[0] * 0.5, none.With(s[1]).Append(s[0])])[1]).Stack(length);
        }
        var (once, twice, thrice) = (Measure((g, w) => Of(g, w, 100)), Measure((g, w) => Of(g, w, 200)), Measure((g, w) => Of(g, w, 300)));
        Assert.Equal(twice.Lists - once.Lists, thrice.Lists - twice.Lists);
        Assert.InRange(twice.Lists - once.Lists, 100 * (2 * Row + sizeof(long)), 100 * (3 * Row + sizeof(long)));
    }
}
