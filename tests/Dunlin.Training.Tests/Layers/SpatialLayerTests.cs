using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers;

public class SpatialLayerTests
{
    private static readonly Shape Lines = [Shape.Unknown, 4, 6], Images = [Shape.Unknown, 4, 6, 8], Volumes = [Shape.Unknown, 4, 4, 6, 2];

    private static readonly Dictionary<string, (Layer Layer, Shape Input, Shape Output, string Variables)> Cases = new()
    {
        ["conv 1"] = (new Conv1d(8, 3), Lines, [-1, 8, 4], "weight[8, 4, 3] bias[8]"),
        ["conv 3"] = (new Conv3d(2, 2, bias: false), Volumes, [-1, 2, 3, 5, 1], "weight[2, 4, 2, 2, 2]"),
        ["transposed 1"] = (new ConvTranspose1d(2, 3, stride: 2), Lines, [-1, 2, 13], "weight[4, 2, 3] bias[2]"),
        ["transposed 2"] = (new ConvTranspose2d(2, 3, stride: 2, padding: 1, outputPadding: 1, groups: 2), Images, [-1, 2, 12, 16], "weight[4, 1, 3, 3] bias[2]"),
        ["transposed 3"] = (new ConvTranspose3d(3, (2, 1, 3), bias: false), Volumes, [-1, 3, 5, 6, 4], "weight[4, 3, 2, 1, 3]"),
        ["transposed same"] = (new ConvTranspose2d(1, (5, 2), stride: 3, padding: Padding.Same, bias: false), Images, [-1, 1, 18, 24], "weight[4, 1, 5, 2]"),
        ["depthwise 1"] = (new DepthwiseConv1d(3, padding: Padding.Same), Lines, [-1, 4, 6], "weight[4, 1, 3] bias[4]"),
        ["depthwise 2"] = (new DepthwiseConv2d(3, multiplier: 2, stride: 2, padding: 1, bias: false), Images, [-1, 8, 3, 4], "weight[8, 1, 3, 3]"),
        ["depthwise 3"] = (new DepthwiseConv3d(2), Volumes, [-1, 4, 3, 5, 1], "weight[4, 1, 2, 2, 2] bias[4]"),
        ["separable 1"] = (new SeparableConv1d(5, 3), Lines, [-1, 5, 4], "depthwise/weight[4, 1, 3] pointwise/weight[5, 4, 1] pointwise/bias[5]"),
        ["separable 2"] = (new SeparableConv2d(5, 3, multiplier: 2, dilation: 2, bias: false), Images, [-1, 5, 2, 4], "depthwise/weight[8, 1, 3, 3] pointwise/weight[5, 8, 1, 1]"),
        ["separable 3"] = (new SeparableConv3d(5, 1), Volumes, [-1, 5, 4, 6, 2], "depthwise/weight[4, 1, 1, 1, 1] pointwise/weight[5, 4, 1, 1, 1] pointwise/bias[5]"),
        ["max 1"] = (new MaxPool1d(3, 1), Lines, [-1, 4, 4], ""),
        ["max 2"] = (new MaxPool2d((3, 2), padding: (1, 0)), Images, [-1, 4, 2, 4], ""),
        ["max 3"] = (new MaxPool3d(2), Volumes, [-1, 4, 2, 3, 1], ""),
        ["average 1"] = (new AveragePool1d(2), Lines, [-1, 4, 3], ""),
        ["average 2"] = (new AveragePool2d(2, 1, Padding.Same), Images, [-1, 4, 6, 8], ""),
        ["average 3"] = (new AveragePool3d((1, 2, 2), includePadding: true), Volumes, [-1, 4, 4, 3, 1], ""),
        ["p-norm"] = (new LpPool(2, 2), Volumes, [-1, 4, 2, 3, 1], ""),
        ["global average"] = (new GlobalAveragePool(), Volumes, [-1, 4], ""),
        ["global max"] = (new GlobalMaxPool(), Lines, [-1, 4], ""),
        ["adaptive average"] = (new AdaptiveAveragePool((4, 3)), Images, [-1, 4, 4, 3], ""),
        ["adaptive max"] = (new AdaptiveMaxPool(3), Lines, [-1, 4, 3], ""),
        ["fractional"] = (new FractionalMaxPool(2, (4, 5)), Images, [-1, 4, 4, 5], ""),
        ["groups"] = (new GroupNorm(2), Images, Images, "scale[4] shift[4]"),
        ["instances"] = (new InstanceNorm(), Lines, Lines, "scale[4] shift[4]"),
        ["root mean square"] = (new RmsNorm(), Images, Images, "scale[8]"),
        ["local response"] = (new LocalResponseNorm(), Images, Images, ""),
        ["lengths"] = (new L2Normalize(), Images, Images, ""),
        ["upsample"] = (new UpsampleNearest(2), Lines, [-1, 4, 12], ""),
        ["shuffle"] = (new PixelShuffle(2), Images, [-1, 1, 12, 16], ""),
        ["unshuffle"] = (new PixelUnshuffle(2), Images, [-1, 16, 3, 4], ""),
        ["deal"] = (new ChannelShuffle(2), Volumes, Volumes, ""),
        ["weight norm"] = (new Conv1d(3, 1) { Reparameterization = Reparameterization.WeightNorm }, Lines, [-1, 3, 6], "weight_direction[3, 4, 1] weight_length[3] bias[3]"),
        ["spectral norm"] = (new Linear(3) { Reparameterization = Reparameterization.SpectralNorm() }, [Shape.Unknown, 4], [-1, 3], "weight[3, 4] weight_u[3] bias[3]"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Layers_have_the_variables_and_the_output_that_they_say_and_train(string name)
    {
        var (layer, input, output, variables) = Cases[name];
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, input);
        var counter = graph.Placeholder("counter", DType.Int64, Shape.Scalar);
        var context = new BuildContext(graph, training: true, counter: counter);
        var (trained, inferred) = (context.Apply(layer, x), context.ForInference().Apply(layer, x));
        var prefix = context.Records[0].Path.Length + 1;
        Assert.Equal(variables, string.Join(" ", graph.Variables.Select(v => v.Name[prefix..] + v.TensorType.Shape)));
        var trainable = graph.Variables.Where(v => v.IsTrainable).ToList();
        var gradients = Gradients.Of(trained.Square().Sum(), [x, .. trainable.Select(v => v.Value)]);
        Assert.All(gradients, Assert.NotNull);
        using var session = new Session(graph, TestSession.Options);
        foreach (var batch in new[] { 0, 3 })
        {
            var results = session.Run([trained, inferred, .. gradients.Select(g => g!.Dense())], (x, TestSession.Numbers(input.With(0, batch))), (counter, Tensor.Scalar(5L)));
            Assert.All(results.Take(2), r => Assert.Equal(output.With(0, batch), r.Shape));
            Assert.All(results, r => Assert.All(r.ToArray<float>(), v => Assert.True(float.IsFinite(v))));
            if (batch > 0) Assert.All(results.Skip(2), g => Assert.Contains(g.ToArray<float>(), v => v != 0));
        }
    }

    [Fact]
    public void Depthwise_and_grouped_convolutions_compute_the_same()
    {
        var graph = new Graph();
        var x = graph.Constant(TestSession.Numbers([2, 3, 5, 5]));
        var weights = new TestSession.Given([.. Enumerable.Range(0, 54).Select(i => i / 10f)]);
        var context = new BuildContext(graph, training: true);
        var a = context.Apply(new DepthwiseConv2d(3, 2, bias: false) { WeightInitializer = weights }, x);
        var b = context.Apply(new Conv2d(6, 3, groups: 3, bias: false) { WeightInitializer = weights }, x);
        using var session = new Session(graph, TestSession.Options);
        var results = session.Run([a, b]);
        Assert.Equal(results[1].ToArray<float>(), results[0].ToArray<float>());
        Assert.Equal(2 * 9 * 6 * 9, context.Records[0].Flops);
    }

    [Fact]
    public void Work_of_transposed_convolutions_is_counted_by_their_input()
    {
        var context = new BuildContext(new Graph(), training: true);
        context.Apply(new ConvTranspose2d(5, 3, stride: 2), context.Graph.Placeholder("x", DType.Float32, [Shape.Unknown, 4, 6, 7]));
        Assert.Equal(2L * 4 * 6 * 7 * 5 * 9, context.Records[0].Flops);
    }

    [Fact]
    public void Weight_norm_starts_with_the_weights_that_there_would_be_without()
    {
        float[] Start(Reparameterization? rule)
        {
            var graph = new Graph();
            var y = new BuildContext(graph, training: true).Apply(new Linear(3, bias: false) { Reparameterization = rule, WeightInitializer = new TestSession.Given(3, 4, 0, 1, -2, 2) }, graph.Constant(Tensor.From([1f, 0, 0, 1], [2, 2])));
            using var session = new Session(graph, TestSession.Options);
            return session.Run(y).ToArray<float>();
        }
        Assert.Equal(Start(null), Start(Reparameterization.WeightNorm), (a, b) => MathF.Abs(a - b) < 1e-6f);
        // Drawn weights, too: the lengths are those of the directions' own draw.
        var graph = new Graph();
        new BuildContext(graph, training: true).Apply(new Linear(4) { Reparameterization = Reparameterization.WeightNorm }, graph.Placeholder("x", DType.Float32, [1, 9]));
        using var session = new Session(graph, TestSession.Options);
        var rows = session.Storage(graph.FindVariable("linear/weight_direction")!).ToArray<float>().Chunk(9).Select(r => MathF.Sqrt(r.Sum(v => v * v)));
        Assert.Equal(rows, session.Storage(graph.FindVariable("linear/weight_length")!).ToArray<float>(), (a, b) => MathF.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void Spectral_norm_gets_better_from_step_to_step_and_inference_leaves_it_alone()
    {
        var graph = new Graph();
        var x = graph.Constant(Tensor.From([1f, 0, 0, 1], [2, 2]));
        var layer = new Linear(2, bias: false) { Reparameterization = Reparameterization.SpectralNorm(), WeightInitializer = new TestSession.Given(4, 0, 0, 2) };
        var context = new BuildContext(graph, training: true);
        var trained = context.Apply(layer, x);
        var twin = context.ForInference();
        var inferred = twin.Apply(layer, x);
        Assert.Empty(twin.Updates);
        using var session = new Session(graph, TestSession.Options);
        var step = session.Compile([], [trained], [.. context.Updates.Select(u => u.Variable.Assign(u.Value))]);
        for (var i = 0; i < 20; i++) step.Run();
        Assert.Equal([1, 0, 0, 0.5f], session.Run(inferred).ToArray<float>(), (a, b) => MathF.Abs(a - b) < 1e-5f);
    }

    [Fact]
    public void A_layer_for_other_dimensions_says_so()
    {
        string Refusal(Layer layer, params int[] shape)
        {
            var graph = new Graph();
            return Assert.Throws<ShapeException>(() => new BuildContext(graph, training: true).Apply(layer, graph.Placeholder("x", DType.Float32, Shape.Create(shape)))).Message;
        }
        Assert.Contains("x[N, C, S…] with 1 spatial dimensions", Refusal(new MaxPool1d(2), 1, 2, 3, 4), StringComparison.Ordinal);
        Assert.Contains("x[N, C, T…] with 3 spatial dimensions", Refusal(new ConvTranspose3d(2, 2), 1, 2, 3, 4), StringComparison.Ordinal);
        Assert.Contains("1 to 3 spatial dimensions", Refusal(new AdaptiveMaxPool(2), 1, 2), StringComparison.Ordinal);
        Assert.Contains("known number of channels", Refusal(new GroupNorm(2), 1, Shape.Unknown, 3), StringComparison.Ordinal);
        Assert.Throws<InvalidValueException>(() => new ConvTranspose2d(3, 2, groups: 2));
    }
}
