using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans;

/// <summary>Joining and cutting along the channels between convolutions, which may lie in blocks.</summary>
public class PartLayoutTests
{
    /// <summary>Channels of the branches: whole blocks of 16, none, and one without channels.</summary>
    public static TheoryData<int[]> Channels => [[16, 32], [48, 16, 16], [5, 16], [16, 3, 16], [1, 0, 2]];

    [Theory, MemberData(nameof(Channels))]
    public void Joined_branches_and_their_gradients_do_not_depend_on_layouts(int[] channels)
    {
        var (graph, x, fetches) = Inception(channels);
        var input = Random(x.Shape);
        using var plain = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        using var blocked = new Session(graph, new SessionOptions { Threads = 2 });
        foreach (var (expected, actual) in plain.Run(fetches, (x, input)).Zip(blocked.Run(fetches, (x, input))))
            Assert.Equal(expected.ToArray<float>(), actual.ToArray<float>(), (a, b) => Math.Abs(a - b) <= 1e-4f * (1 + Math.Abs(a)));
    }

    /// <summary>Reorders are for the result and the weights with their gradients; none is of the branches or of what they are joined to.</summary>
    [Fact]
    public void Whole_blocks_are_joined_and_cut_as_they_lie()
    {
        var (graph, x, fetches) = Inception([16, 32]);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var kernels = session.Compile([x], fetches).PlanFor([Random(x.Shape)]).Operations;
        string[] between = ["[3, 16, 6, 6]", "[3, 32, 6, 6]", "[3, 48, 6, 6]"];
        Assert.All(between, shape => Assert.Contains(kernels, k => k.EndsWith(shape, StringComparison.Ordinal)));
        Assert.DoesNotContain(kernels, k => k.StartsWith("Reorder", StringComparison.Ordinal) && between.Any(shape => k.EndsWith(shape, StringComparison.Ordinal)));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(-1)]
    public void Parts_come_back_from_what_they_were_joined_to(int axis)
    {
        var graph = new Graph();
        int[] lengths = [3, 0, 1, 40];
        Value[] parts = [.. lengths.Select(length => graph.Placeholder("part", DType.Int32, Shape.Of(5, 6, 7).With(axis < 0 ? 2 : axis, length)))];
        Tensor[] given = [.. parts.Select((p, i) => Tensor.From([.. Enumerable.Range(1000 * i, (int)p.Shape.ElementCount)], p.Shape))];
        var joined = Operations.Concat(parts, axis);
        using var session = new Session(graph, new SessionOptions { Threads = 2 });
        var results = session.Run([joined, .. joined.Split(lengths, axis)], [.. parts.Zip(given)]);
        for (var i = 0; i < parts.Length; i++) Assert.Equal(given[i].ToArray<int>(), results[i + 1].ToArray<int>());
        Assert.Equal(results[0].ToArray<int>().Order(), given.SelectMany(g => g.ToArray<int>()).Order());
    }

    private static (Graph Graph, Value Input, Value[] Fetches) Inception(int[] channels)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [3, 4, 10, 10]);
        var stem = x.Conv(Weights(graph, "stem", 16, 4)).Relu();
        var joined = Operations.Concat([.. channels.Select((c, i) => stem.Conv(Weights(graph, $"branch{i}", c, 16)).Relu())], 1);
        var y = joined.Conv(Weights(graph, "top", 16, channels.Sum())).Relu();
        return (graph, x, [y, .. Gradients.Of(y.Square().Mean(), graph.Variables).Select(g => g!.Dense())]);
    }

    private static Value Weights(Graph graph, string name, int outputs, int inputs) =>
        graph.Variable(name, DType.Float32, [outputs, inputs, 3, 3], new Uniform(-0.3, 0.3)).Value;

    private static Tensor Random(Shape shape)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        Philox.FillUniform(tensor.Span<float>(), new PhiloxKey(1, 0));
        return tensor;
    }

    private sealed record Uniform(double Low, double High) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream)
        {
            var elements = target.Span<float>();
            Philox.FillUniform(elements, new PhiloxKey(seed, (uint)stream));
            foreach (ref var e in elements) e = (float)(Low + (High - Low) * e);
        }
    }
}
