using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Plans;

public class StagedPlanTests
{
    [Fact]
    public void What_depends_on_an_evaluated_shape_is_planned_for_it()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown]);
        var doubled = x * 2;
        var positive = graph.Add(new Positives(), [doubled - 1]);
        using var session = new Session(graph);
        var step = session.Compile([x], [positive.Sum(), positive, doubled, graph.Add(new Positives(), [positive - 3])]);
        foreach (var (fed, kept, above) in new (float[], float[], float[])[] { ([1, -1, 3], [1, 5], [2]), ([-1], [], []), ([2, 2], [3, 3], []) })
        {
            var results = step.Run(Tensor.From(fed));
            Assert.Equal(kept.Sum(), results[0].Item<float>());
            Assert.Equal(kept, results[1].ToArray<float>());
            Assert.Equal(fed.Select(f => 2 * f), results[2].ToArray<float>());
            Assert.Equal(above, results[3].ToArray<float>());
        }
    }

    [Fact]
    public void Every_stage_reads_the_variables_from_before_the_step()
    {
        var graph = new Graph();
        var count = graph.Variable("count", DType.Float32, [], new Ones(), trainable: false);
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown]);
        var assign = count.Assign(count.Value + 1);
        using var session = new Session(graph);
        var step = session.Compile([x], [graph.Add(new Positives(), [x * count]) * count.Value], [assign]);
        Assert.Equal([3f], step.Run(Tensor.From([3f, -1]))[0].ToArray<float>());
        Assert.Equal([12f, 4], step.Run(Tensor.From([3f, 1]))[0].ToArray<float>());
        Assert.Equal(3f, session.Storage(count).Item<float>());
    }

    [Fact]
    public void Many_shapes_do_not_pile_up_plans()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown]);
        using var session = new Session(graph);
        var step = session.Compile([x], [x.Sum()]);
        for (var round = 0; round < 2; round++)
            for (var n = 1; n < 100; n++)
                Assert.Equal(n, step.Run(Tensor.From(Enumerable.Repeat(1f, n).ToArray()))[0].Item<float>());
    }

    [Fact]
    public void A_result_of_the_wrong_length_is_refused()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown]);
        using var session = new Session(graph);
        var step = session.Compile([x], [graph.Add(new Positives(), [x])]);
        Assert.Throws<ShapeException>(() => step.Run([Tensor.From([1f, 2])], [Tensor.Zeros(DType.Float32, [3])]));
    }

    /// <summary>The elements above 0, in order.</summary>
    private sealed record Positives : DynamicOperation
    {
        public override string? NoGradientReason => "A test needs none.";

        public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [new(inputs[0].Type, [Shape.Unknown])];

        public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session) => [Tensor.From(inputs[0].ToArray<float>().Where(x => x > 0).ToArray())];
    }

    private sealed record Ones : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<float>().Fill(1);
    }
}
