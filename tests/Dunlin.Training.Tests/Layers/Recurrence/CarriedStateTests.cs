using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

public class CarriedStateTests
{
    private const int Batch = 2, Window = 4, Windows = 3, Features = 3;

    public static TheoryData<string> Names => Cells.Names;

    [Theory, MemberData(nameof(Names))]
    public void Windows_one_after_the_other_are_one_long_sequence(string name)
    {
        var text = Numbers(Windows * Window);
        using var whole = new Training(name, Windows * Window, carries: false);
        using var parts = new Training(name, Window, carries: true);
        var expected = whole.Step.Run(text)[0].ToArray<double>();
        var actual = new double[expected.Length];
        for (var w = 0; w < Windows; w++) Put(parts.Step.Run(Part(text, w))[0].ToArray<double>(), actual, w);
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    /// <summary>Nothing flows back into the window before: the gradient is that for states that fell from the sky.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Gradients_end_where_the_window_begins(string name)
    {
        var text = Numbers(Windows * Window);
        using var parts = new Training(name, Window, carries: true);
        for (var w = 0; w < Windows; w++)
        {
            var carried = parts.Session.Graph.Variables.Where(v => !v.IsTrainable).Select(v => parts.Session.Storage(v).Clone()).ToList();
            Assert.Equal(w > 0, carried[0].ToArray<double>().Any(v => v != 0));
            using var given = new Training(name, Window, carries: false, carried);
            var expected = given.Step.Run(Part(text, w));
            var actual = parts.Step.Run(Part(text, w));
            for (var i = 0; i < expected.Count; i++) Assert.Equal(expected[i].ToArray<double>(), actual[i].ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_window_as_long_as_the_sequence_has_all_of_the_gradient(string name)
    {
        var text = Numbers(Windows * Window);
        using var whole = new Training(name, Windows * Window, carries: false);
        using var carried = new Training(name, Windows * Window, carries: true);
        var (expected, actual) = (whole.Step.Run(text), carried.Step.Run(text));
        for (var i = 0; i < expected.Count; i++) Assert.Equal(expected[i].ToArray<double>(), actual[i].ToArray<double>());
    }

    [Fact]
    public void Reset_states_are_those_of_the_beginning()
    {
        var text = Numbers(Window);
        using var training = new Training("lstm", Window, carries: true);
        var first = training.Step.Run(text)[0].ToArray<double>();
        Assert.NotEqual(first, training.Step.Run(text)[0].ToArray<double>());
        Recurrent.ResetStates(training.Session, "another");
        Assert.NotEqual(first, training.Step.Run(text)[0].ToArray<double>());
        Recurrent.ResetStates(training.Session, "lstm");
        Assert.Equal(first, training.Step.Run(text)[0].ToArray<double>());
    }

    [Fact]
    public void The_twin_for_inference_shares_the_weights_and_begins_with_zeros()
    {
        using var training = new Training("lstm", Window, carries: true);
        var text = Numbers(Window);
        var first = training.Step.Run(text)[0].ToArray<double>();
        var variables = training.Graph.Variables.Count;
        var twin = training.Context.ForInference();
        var y = twin.Apply(training.Layer, training.X);
        Assert.Equal(variables, training.Graph.Variables.Count);
        Assert.Empty(twin.Updates);
        Assert.Equal(first, training.Session.Run(y, (training.X, text)).ToArray<double>());
    }

    [Fact]
    public void Carried_states_need_a_batch_of_known_size()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 4, 3]);
        var error = Assert.Throws<ShapeException>(() => new BuildContext(graph, training: true).Apply(new Recurrent(new GruCell(2)) { CarriesStates = true }, x));
        Assert.Contains("batch of known size", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Numbers(int steps)
    {
        var tensor = Tensor.Uninitialized(DType.Float64, [Batch, steps, Features]);
        Dunlin.Training.Initializers.Normal().Fill(tensor, seed: 5, stream: 1);
        return tensor;
    }

    private static Tensor Part(Tensor text, int window)
    {
        var part = Tensor.Uninitialized(DType.Float64, [Batch, Window, Features]);
        for (var n = 0; n < Batch; n++)
            text.Span<double>().Slice((n * Windows + window) * Window * Features, Window * Features).CopyTo(part.Span<double>()[(n * Window * Features)..]);
        return part;
    }

    private static void Put(double[] part, double[] whole, int window)
    {
        var row = part.Length / Batch;
        for (var n = 0; n < Batch; n++) part.AsSpan(n * row, row).CopyTo(whole.AsSpan((n * Windows + window) * row));
    }

    /// <summary>A step that gives outputs and the gradients of inputs and weights, and carries states.</summary>
    private sealed class Training : IDisposable
    {
        public Training(string cell, int steps, bool carries, IReadOnlyList<Tensor>? first = null)
        {
            Context = new(Graph, training: true);
            X = Graph.Placeholder("x", DType.Float64, [Batch, steps, Features]);
            Layer = new(Cells.Make(cell)) { CarriesStates = carries };
            var y = Layer.Apply(Context, X, initial: first?.Select(f => Graph.Constant(f)).ToList()).Outputs;
            Session = new(Graph, TestSession.Options);
            Variable[] trainable = [.. Graph.Variables.Where(v => v.IsTrainable)];
            var gradients = Gradients.Of(Probe.Contract(y), [X, .. trainable.Select(v => v.Value)]);
            Step = Session.Compile([X], [y, .. gradients.Select(g => g!.Dense())], [.. Context.Updates.Select(u => u.Variable.Assign(u.Value))]);
        }

        public Graph Graph { get; } = new();

        public BuildContext Context { get; }

        public Value X { get; }

        public Recurrent Layer { get; }

        public Session Session { get; }

        public Step Step { get; }

        public void Dispose() => Session.Dispose();
    }
}
