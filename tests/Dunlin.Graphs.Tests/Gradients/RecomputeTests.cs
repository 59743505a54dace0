using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Differentiation;

public class RecomputeTests
{
    private const int Layers = 32;

    /// <summary>Gradients of a chain of layers, each a function of the last's output and a weight, in segments of some layers.</summary>
    private static (IReadOnlyList<Tensor> Gradients, long ArenaBytes) Train(Shape shape, Shape weight, Func<Value, Value, Value> layer, int segment)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, shape);
        Value[] weights = [.. Enumerable.Range(0, Layers).Select(l => graph.Placeholder($"w{l}", DType.Float32, weight))];
        Value Segment(Value v, int first) => weights[first..(first + Math.Max(segment, 1))].Aggregate(v, layer);
        var y = x;
        for (var l = 0; l < Layers; l += Math.Max(segment, 1))
        {
            var first = l;
            y = segment == 0 ? Segment(y, first) : Recompute.Of(v => Segment(v, first), y);
        }
        var gradients = Gradients.Of(y.Square().Sum(), weights);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([x, .. weights], [.. gradients.Select(g => g!.Dense())]);
        Tensor[] feeds = [Numbers(shape, 1, 1), .. weights.Select((_, i) => Numbers(weight, i + 2, 0.15))];
        return (step.Run(feeds), step.PlanFor(feeds).ArenaBytes);
    }

    private static Tensor Numbers(Shape shape, int stream, double scale)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(1, (uint)stream), 0);
        foreach (ref var v in tensor.Span<float>()) v *= (float)scale;
        return tensor;
    }

    private static void MuchLessMemory(Shape shape, Shape weight, Func<Value, Value, Value> layer)
    {
        var plain = Train(shape, weight, layer, 0);
        var lean = Train(shape, weight, layer, Layers / 8);
        Assert.All(plain.Gradients.Zip(lean.Gradients), p => Assert.True(p.First.RawBytes.SequenceEqual(p.Second.RawBytes)));
        Assert.InRange((double)lean.ArenaBytes / plain.ArenaBytes, 0, 0.45);
    }

    [Fact]
    public void A_perceptron_in_eight_segments_needs_at_most_45_percent_of_the_memory_and_gives_the_same_bits() =>
        MuchLessMemory([2048, 32], [32, 32], (v, w) => v.MatMul(w).Tanh());

    [Fact]
    public void A_residual_net_in_eight_segments_needs_at_most_45_percent_of_the_memory_and_gives_the_same_bits() =>
        MuchLessMemory([4, 8, 24, 24], [8, 8, 3, 3], (v, w) => v + v.Conv(w, Sliding.Uniform(2, padding: 1)).Relu());

    [Fact]
    public void What_is_random_is_the_same_again()
    {
        IReadOnlyList<Tensor> Run(bool recompute)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float64, [64]);
            var counter = graph.Placeholder("counter", DType.Int64, Shape.Scalar);
            Value Noisy(Value v) => v.Exp().Dropout(counter, 0.5, seed: 1, stream: 2).Square();
            var y = recompute ? Recompute.Of(Noisy, x) : Noisy(x);
            using var session = new Session(graph);
            return session.Run([y, Gradients.Of(y.Sum(), x)[0]!.Dense()], (x, RandomTensors.Normal([64], 1)), (counter, Tensor.Scalar(5L)));
        }
        Assert.All(Run(true).Zip(Run(false)), p => Assert.True(p.First.RawBytes.SequenceEqual(p.Second.RawBytes)));
    }

    [Fact]
    public void Variables_made_inside_are_differentiated_and_a_table_stays_sparse()
    {
        var graph = new Graph();
        var rows = graph.Placeholder("rows", DType.Int32, [3]);
        var table = graph.Placeholder("table", DType.Float64, [5, 2]);
        Variable? inside = null;
        var y = Recompute.Of(v =>
        {
            inside = graph.Variable("inside", DType.Float64, [2], new Same(3));
            return [table.Gather(v[0]) * inside.Value];
        }, rows)[0];
        var gradients = Gradients.Of(y.Sum(), inside!.Value, table);
        Assert.True(gradients[1]!.IsSparse);
        using var session = new Session(graph);
        var tensors = session.Run([gradients[0]!.Dense(), gradients[1]!.Dense()], (rows, Tensor.From([4, 1, 4])), (table, Tensor.From([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [5, 2])));
        Assert.Equal([18.0, 21], tensors[0].ToArray<double>());
        Assert.Equal([0.0, 0, 3, 3, 0, 0, 0, 0, 6, 6], tensors[1].ToArray<double>());
    }

    private sealed record Same(double Number) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<double>().Fill(Number);
    }
}
