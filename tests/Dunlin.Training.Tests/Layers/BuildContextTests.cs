using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;
using Flatten = Dunlin.Training.Layers.Flatten;

namespace Dunlin.Training.Tests.Layers;

public class BuildContextTests
{
    private static readonly Sequential Net = new(new Conv2d(3, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(4), new Relu(), new Linear(2));

    [Fact]
    public void Variables_are_named_by_kind_and_order()
    {
        var graph = new Graph();
        new BuildContext(graph, training: true).Apply(Net, Images(graph));
        Assert.Equal(["conv2d/weight", "conv2d/bias", "linear/weight", "linear/bias", "linear_1/weight", "linear_1/bias"], graph.Variables.Select(v => v.Name));
        Assert.Equal(["[3, 1, 3, 3]", "[3]", "[4, 12]", "[4]", "[2, 4]", "[2]"], graph.Variables.Select(v => v.TensorType.Shape.ToString()));
    }

    [Fact]
    public void Training_and_inference_share_variables_and_one_object_builds_into_many_graphs()
    {
        var graph = new Graph();
        var x = Images(graph);
        var training = new BuildContext(graph, training: true);
        var a = training.Apply(Net, x);
        var b = training.ForInference().Apply(Net, x);
        Assert.Equal(6, graph.Variables.Count);
        Assert.Equal(training.Records, [.. Rebuilt().Records]);
        using var session = new Session(graph, TestSession.Options);
        var results = session.Run([a, b], (x, TestSession.Numbers([2, 1, 4, 4])));
        Assert.Equal(results[0].ToArray<float>(), results[1].ToArray<float>());

        static BuildContext Rebuilt()
        {
            var other = new BuildContext(new Graph(), training: true);
            other.Apply(Net, Images(other.Graph));
            return other;
        }
    }

    [Fact]
    public void A_layer_used_twice_has_one_set_of_weights_whose_gradient_is_the_sum()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2, 3]);
        var shared = new Linear(3, bias: false);
        var context = new BuildContext(graph, training: true);
        var y = context.Apply(shared, context.Apply(shared, x));
        var w = Assert.Single(graph.Variables);
        Assert.Equal([9, 0], context.Records.Select(r => r.Parameters));
        // y = x wᵀ wᵀ, so with s = Σ y: ds/dw = 1ᵀ(x wᵀ) + wᵀ-weighted 1ᵀ x; compared against a numeric derivative.
        using var session = new Session(graph, TestSession.Options);
        var fed = TestSession.Numbers([2, 3]);
        var gradient = session.Run(Gradients.Of(y.Sum(), [w])[0]!.Dense(), (x, fed)).ToArray<float>();
        var storage = session.Storage(w);
        for (var i = 0; i < 9; i++)
        {
            var kept = storage.Span<float>()[i];
            storage.Span<float>()[i] = kept + 0.01f;
            var above = session.Run(y.Sum(), (x, fed)).Item<float>();
            storage.Span<float>()[i] = kept - 0.01f;
            var below = session.Run(y.Sum(), (x, fed)).Item<float>();
            storage.Span<float>()[i] = kept;
            Assert.Equal((above - below) / 0.02, gradient[i], 1e-2);
        }
    }

    [Fact]
    public void Every_variable_of_a_model_receives_a_gradient()
    {
        var graph = new Graph();
        var x = Images(graph);
        var y = new BuildContext(graph, training: true).Apply(Net, x);
        Assert.All(Gradients.Of(y.Square().Sum(), graph.Variables), Assert.NotNull);
    }

    [Fact]
    public void A_shape_error_names_the_innermost_layer_and_what_it_got()
    {
        var graph = new Graph();
        var model = new Residual(new Sequential(new Linear(5), new Conv2d(3, 3)) { Name = "trunk" });
        var error = Assert.Throws<ShapeException>(() => new BuildContext(graph, training: true).Apply(model, graph.Placeholder("x", DType.Float32, [Shape.Unknown, 7])));
        Assert.Equal("Layer residual/trunk/conv2d (Conv2d) applied to Float32[?, 5]: expected x[N, C, S…] with 2 spatial dimensions and a known number of channels, got [?, 5].", error.Message);
    }

    [Fact]
    public void Sharing_weights_between_inputs_of_different_width_is_an_error_that_says_so()
    {
        var graph = new Graph();
        var shared = new Linear(3) { Name = "shared" };
        var context = new BuildContext(graph, training: true);
        context.Apply(shared, graph.Placeholder("a", DType.Float32, [2, 3]));
        var error = Assert.Throws<ShapeException>(() => context.Apply(shared, graph.Placeholder("b", DType.Float32, [2, 4])));
        Assert.Contains("shares the variable shared/weight, which is Float32[3, 3]; here it would have to be Float32[3, 4]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_made_anew_in_each_build_are_found_out()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2, 3]);
        var context = new BuildContext(graph, training: true);
        var model = new Forgetful();
        context.Apply(model, x);
        Assert.Contains("Keep layers in fields", Assert.Throws<DunlinException>(() => context.ForInference().Apply(model, x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_names_in_one_place_are_an_error()
    {
        var graph = new Graph();
        var model = new Sequential(new Linear(3) { Name = "a" }, new Linear(3) { Name = "a" });
        Assert.Contains("path a;", Assert.Throws<DunlinException>(() => new BuildContext(graph, training: true).Apply(model, graph.Placeholder("x", DType.Float32, [2, 3]))).Message, StringComparison.Ordinal);
    }

    private sealed class Forgetful : Layer
    {
        protected internal override Value Build(BuildContext context, Value input) => context.Apply(new Linear(2), input);
    }

    private static Value Images(Graph graph) => graph.Placeholder("x", DType.Float32, [Shape.Unknown, 1, 4, 4]);
}
