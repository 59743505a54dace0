using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

public class RecurrentSizeTests
{
    private const int K = 5, N = 4, R = 2;

    public static TheoryData<RecurrentCell, long> Counts => new()
    {
        { new ElmanCell(K), K * (N + K + 1) },
        { new LstmCell(K), 4 * K * (N + K + 1) },
        { new LstmCell(K) { Peepholes = true }, 4 * K * (N + K + 1) + 3 * K },
        { new LstmCell(K) { Projection = R }, 4 * K * (N + R + 1) + R * K },
        { new GruCell(K), 3 * K * (N + K + 1) },
        { new GruCell(K) { ResetAfter = true }, 3 * K * (N + K + 1) + K },
    };

    [Theory, MemberData(nameof(Counts))]
    public void Parameters_are_as_many_as_the_equations_have(RecurrentCell cell, long count) => Assert.Equal(count, Record(new Recurrent(cell), [2, 7, N]).Parameters);

    /// <summary>A row of weights meets each input and each state of each step, whatever is known of the batch.</summary>
    [Theory]
    [InlineData(2, 7, 7)]
    [InlineData(Shape.Unknown, 7, 7)]
    [InlineData(3, Shape.Unknown, 1)]
    public void Work_counts_every_step_of_the_loop(int batch, int steps, int counted)
    {
        Assert.Equal(2L * counted * 4 * K * (N + K), Record(new Recurrent(new LstmCell(K)), [batch, steps, N]).Flops);
        Assert.Equal(2L * counted * (4 * K * (N + R) + R * K), Record(new Recurrent(new LstmCell(K) { Projection = R }), [batch, steps, N]).Flops);
        Assert.Equal(2L * counted * 3 * K * (N + K), Record(new Recurrent(new GruCell(K)), [batch, steps, N]).Flops);
    }

    [Fact]
    public void A_table_names_recurrent_layers_by_their_cells()
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: true);
        context.Apply(new Sequential(new Recurrent(new LstmCell(K)), new Bidirectional(new GruCell(3), new GruCell(3)), new Recurrent(new ElmanCell(2)) { LastOnly = true }),
            graph.Placeholder("x", DType.Float32, [Shape.Unknown, 7, N]));
        var lines = ModelSummary.Lines(context.Records);
        Assert.Equal(
        [
            "layer                   kind           output     parameters  FLOPs/example",
            "---------------------------------------------------------------------------",
            "lstm                    Lstm           [?, 7, 5]         200          2,520",
            "bidirectional           Bidirectional  [?, 7, 6]           -              -",
            "bidirectional/forward   Gru            [?, 7, 3]          81          1,008",
            "bidirectional/backward  Gru            [?, 7, 3]          81          1,008",
            "elman                   Elman          [?, 2]             18            224",
            "---------------------------------------------------------------------------",
            "total                                                    380          4,760",
        ], lines);
    }

    [Theory, InlineData(1), InlineData(3)]
    public void Sizes_of_batch_and_text_may_be_known_only_when_it_runs(int batch)
    {
        var known = TestSession.Numbers([batch, 6, N]);
        var (expected, actual) = (Outputs(known.Shape), Outputs([Shape.Unknown, Shape.Unknown, N]));
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], (a, b) => Math.Abs(a - b) < 1e-6);

        float[][] Outputs(Shape shape)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, shape);
            var y = new BuildContext(graph, training: true).Apply(new Recurrent(new LstmCell(K)), x);
            var gradients = Gradients.Of((y * y).Sum(), [x, .. graph.Variables.Select(v => v.Value)]);
            using var session = new Session(graph, TestSession.Options);
            return [.. session.Run([y, .. gradients.Select(g => g!.Dense())], (x, known)).Select(t => t.ToArray<float>())];
        }
    }

    /// <summary>
    /// What the step from T to T + 1 adds to the memory of forward and backward pass is the same for every T: nothing grows with the square.
    /// </summary>
    [Theory, MemberData(nameof(Memory))]
    public void Memory_of_the_gradient_grows_with_the_number_of_steps_and_no_faster(RecurrentCell cell, int floats)
    {
        const int Batch = 16, Units = 32, Steps = 40;
        long Bytes(int steps)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, [Batch, steps, Units]);
            var y = new BuildContext(graph, training: true).Apply(new Recurrent(cell), x);
            using var session = new Session(graph, TestSession.Options);
            var step = session.Compile([x], [.. Gradients.Of((y * y).Sum(), graph.Variables).Select(g => g!.Dense())]);
            return step.PlanFor([TestSession.Numbers(x.Shape)]).ArenaBytes;
        }
        var perStep = (Bytes(2 * Steps) - Bytes(Steps)) / (double)Steps / sizeof(float) / (Batch * Units);
        Assert.Equal((Bytes(4 * Steps) - Bytes(2 * Steps)) / (2.0 * Steps) / sizeof(float) / (Batch * Units), perStep, 0.1);
        Assert.InRange(perStep, 1, floats);
    }

    /// <summary>At most so many floats a step, example and unit.</summary>
    public static TheoryData<RecurrentCell, int> Memory => new() { { new ElmanCell(32), 6 }, { new LstmCell(32), 20 }, { new GruCell(32), 18 } };

    private static LayerRecord Record(Layer layer, Shape shape)
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: true);
        context.Apply(layer, graph.Placeholder("x", DType.Float32, shape));
        return context.Records[0];
    }
}
