using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers;

public class LayerTests
{
    [Theory]
    [InlineData(1, 1), InlineData(2, 1), InlineData(3, 2), InlineData(4, 3), InlineData(7, 2), InlineData(3, 3)]
    public void Same_padding_gives_the_lengths_of_the_input_over_the_stride(int kernel, int stride)
    {
        for (var length = 1; length < 12; length++)
        {
            var graph = new Graph();
            var y = Apply(graph, new Conv2d(1, kernel, stride, Padding.Same), graph.Placeholder("x", DType.Float32, [1, 1, length, length + 3]));
            Assert.Equal([1, 1, (length + stride - 1) / stride, (length + 3 + stride - 1) / stride], y.Shape);
        }
    }

    [Fact]
    public void Same_padding_with_dilation_keeps_unknown_lengths_where_the_stride_is_1()
    {
        var graph = new Graph();
        var y = Apply(graph, new Conv1d(2, 3, padding: Padding.Same, dilation: 4), graph.Placeholder("x", DType.Float32, [Shape.Unknown, 2, 9]));
        Assert.Equal([Shape.Unknown, 2, 9], y.Shape);
    }

    [Fact]
    public void Grouped_convolutions_have_weights_for_their_own_channels_only()
    {
        var graph = new Graph();
        Apply(graph, new Conv2d(8, (3, 1), groups: 4), graph.Placeholder("x", DType.Float32, [1, 4, 5, 5]));
        Assert.Equal([8, 1, 3, 1], graph.FindVariable("conv2d/weight")!.TensorType.Shape);
    }

    [Fact]
    public void A_linear_layer_is_x_times_its_weights_transposed_plus_bias()
    {
        var graph = new Graph();
        var layer = new Linear(2) { WeightInitializer = new TestSession.Given(1, 2, 3, 4, 5, 6), BiasInitializer = new TestSession.Given(10, 20) };
        var y = Apply(graph, layer, graph.Constant(Tensor.From(new float[] { 1, 0, -1 }, [1, 3])));
        Assert.Equal([1 - 3 + 10, 4 - 6 + 20], Run(graph, y));
    }

    [Fact]
    public void Batch_statistics_normalise_in_training_and_running_ones_in_inference()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 2]);
        var context = new BuildContext(graph, training: true);
        var layer = new Training.Layers.BatchNorm(momentum: 0.1, epsilon: 0);
        var (trained, inferred) = (context.Apply(layer, x), context.ForInference().Apply(layer, x));
        using var session = new Session(graph, TestSession.Options);
        var step = session.Compile([x], [trained], [.. context.Updates.Select(u => u.Variable.Assign(u.Value))]);
        // Channel means 2 and 20, biased variances 1 and 100, unbiased 2 and 200.
        Tensor batch = Tensor.From(new float[] { 1, 10, 3, 30 }, [2, 2]);
        Assert.Equal([-1, -1, 1, 1], step.Run(batch)[0].ToArray<float>(), Close);
        float[] Running(string name) => session.Storage(graph.FindVariable($"batch_norm/{name}")!).ToArray<float>();
        Assert.Equal([0.2f, 2], Running("running_mean"), Close);
        Assert.Equal([0.9f + 0.2f, 0.9f + 20], Running("running_variance"), Close);
        Assert.Equal([(1 - 0.2f) / MathF.Sqrt(1.1f), (10 - 2) / MathF.Sqrt(20.9f)], session.Run(inferred, (x, batch)).ToArray<float>()[..2], Close);
        Assert.Equal(["scale", "shift"], graph.Variables.Where(v => v.IsTrainable).Select(v => v.Name["batch_norm/".Length..]));
    }

    [Fact]
    public void Layer_normalisation_gives_rows_of_mean_0_and_variance_1()
    {
        var graph = new Graph();
        var y = Run(graph, Apply(graph, new Training.Layers.LayerNorm(), graph.Constant(TestSession.Numbers([1, 64]))));
        Assert.Equal(0, y.Average(), 1e-5);
        Assert.Equal(1, y.Average(v => v * v), 1e-3);
    }

    [Fact]
    public void Dropout_drops_anew_each_step_in_training_and_never_in_inference()
    {
        var graph = new Graph();
        var counter = graph.Placeholder("counter", DType.Int64, []);
        var x = graph.Constant(Tensor.From(Enumerable.Repeat(1f, 1000).ToArray()));
        var context = new BuildContext(graph, training: true, seed: 3, counter);
        var layer = new Training.Layers.Dropout(0.25);
        var (dropped, kept) = (context.Apply(layer, x), context.ForInference().Apply(layer, x));
        using var session = new Session(graph, TestSession.Options);
        float[] At(long step) => session.Run(dropped, (counter, Tensor.Scalar(step))).ToArray<float>();
        Assert.All(At(0), v => Assert.True(v == 0 || Math.Abs(v - 4f / 3) < 1e-6));
        Assert.InRange(At(0).Count(v => v == 0), 200, 300);
        Assert.Equal(At(0), At(0));
        Assert.NotEqual(At(0), At(1));
        Assert.Same(x, kept);
    }

    [Fact]
    public void Two_dropouts_draw_different_numbers_and_need_a_counter()
    {
        var graph = new Graph();
        var x = graph.Constant(Tensor.From(Enumerable.Repeat(1f, 100).ToArray()));
        var context = new BuildContext(graph, training: true, seed: 3, graph.Constant(0, DType.Int64));
        var layer = new Training.Layers.Dropout();
        var (a, b) = (context.Apply(layer, x), context.Apply(layer, x));
        Assert.NotEqual(Run(graph, a), Run(graph, b));
        Assert.Contains("Layer dropout draws random numbers", Assert.Throws<DunlinException>(() => new BuildContext(graph, training: true).Apply(layer, x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_embedding_gives_rows_and_a_sparse_gradient()
    {
        var graph = new Graph();
        var numbers = graph.Constant(Tensor.From([2, 0, 2, 1], [2, 2]));
        var y = Apply(graph, new Embedding(3, 2) { Initializer = new TestSession.Given(0, 1, 10, 11, 20, 21) }, numbers);
        Assert.Equal([20, 21, 0, 1, 20, 21, 10, 11], Run(graph, y));
        Assert.True(Gradients.Of(y.Sum(), graph.Variables)[0]!.IsSparse);
    }

    [Fact]
    public void Residuals_add_and_branches_join_channels()
    {
        var graph = new Graph();
        var x = graph.Constant(Tensor.From(new float[] { 1, 2 }, [1, 2]));
        var three = new Lambda(v => v * 3);
        Assert.Equal([4, 8], Run(graph, Apply(graph, new Residual(three), x)));
        Assert.Equal([3, 6, 1, 2], Run(graph, Apply(graph, new Branches(three, new Sequential()), x)));
    }

    public static TheoryData<Layer, Func<double, double>> Activations => new()
    {
        { new Relu(), x => Math.Max(x, 0) },
        { new Relu6(), x => Math.Clamp(x, 0, 6) },
        { new Training.Layers.LeakyRelu(0.1), x => x > 0 ? x : 0.1 * x },
        { new Training.Layers.Elu(2), x => x > 0 ? x : 2 * (Math.Exp(x) - 1) },
        { new Selu(), x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.Exp(x) - 1)) },
        { new Tanh(), Math.Tanh },
        { new HardTanh(), x => Math.Clamp(x, -1, 1) },
        { new Sigmoid(), x => 1 / (1 + Math.Exp(-x)) },
        { new HardSigmoid(), x => Math.Clamp(x / 6 + 0.5, 0, 1) },
        { new Silu(), x => x / (1 + Math.Exp(-x)) },
        { new Gelu(), x => x * Phi(x) },
        { new Mish(), x => x * Math.Tanh(Math.Log(1 + Math.Exp(x))) },
        { new Softplus(), x => Math.Log(1 + Math.Exp(x)) },
        { new Softsign(), x => x / (1 + Math.Abs(x)) },
        { new Training.Layers.Softmax(), x => Math.Exp(x) / new[] { -7f, -1, -0.25, 0.5, 2, 7 }.Sum(Math.Exp) },
    };

    [Theory, MemberData(nameof(Activations))]
    public void An_activation_follows_its_formula(Layer layer, Func<double, double> formula)
    {
        var graph = new Graph();
        float[] x = [-7, -1, -0.25f, 0.5f, 2, 7];
        Assert.Equal(x.Select(v => (float)formula(v)), Run(graph, Apply(graph, layer, graph.Constant(Tensor.From(x, [1, 6])))), Close);
    }

    /// <summary>The normal distribution by the trapezium rule from −10: exact enough, as its density and slopes vanish there.</summary>
    private static double Phi(double x)
    {
        const int Pieces = 4000;
        var width = (x + 10) / Pieces;
        return Enumerable.Range(0, Pieces + 1).Sum(i => (i is 0 or Pieces ? 0.5 : 1) * Math.Exp(-Math.Pow(i * width - 10, 2) / 2)) * width / Math.Sqrt(2 * Math.PI);
    }

    [Fact]
    public void A_reshape_that_does_not_fit_names_both_shapes()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 12]);
        Assert.Equal([Shape.Unknown, 3, 4], Apply(graph, new Training.Layers.Reshape([3, 4]), x).Shape);
        Assert.Contains("expected examples of 15 elements for the shape [3, 5], got [12] of 12", Assert.Throws<ShapeException>(() => Apply(graph, new Training.Layers.Reshape([3, 5]), x)).Message, StringComparison.Ordinal);
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-4;

    private static Value Apply(Graph graph, Layer layer, Value x) => new BuildContext(graph, training: true).Apply(layer, x);

    private static float[] Run(Graph graph, Value value)
    {
        using var session = new Session(graph, TestSession.Options);
        return session.Run(value).ToArray<float>();
    }
}
