using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models.Tests;

/// <summary>Narrow or few-classed variants go through forward and backward passes.</summary>
public class TrainingStepTests
{
    private const int Classes = 7;

    public static TheoryData<string> Names => [.. Models.Keys];

    private static readonly Dictionary<string, (Func<Layer> Make, int Image)> Models = new()
    {
        ["overfeat"] = (() => OverFeat.Create(Classes, dropout: 0.5, width: 6), 71),
        ["vgg-a"] = (() => Vgg.Create(VggModel.A, Classes, dropout: 0.5, width: 4), 64),
        ["vgg-e"] = (() => Vgg.Create(VggModel.E, Classes, width: 4), 32),
        ["googlenet"] = (() => GoogLeNet.Create(Classes), 80),
        ["resnet-50"] = (() => ResNet.Create(50, Classes, width: 8), 64),
    };

    /// <summary>A part that is not connected, or a dead layer, shows as a gradient of zeros.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Every_variable_has_a_gradient_and_a_step_against_it_lowers_the_loss(string name)
    {
        var (make, image) = Models[name];
        var graph = new Graph();
        var (x, target) = (graph.Placeholder("x", DType.Float32, [Shape.Unknown, 3, image, image]), graph.Placeholder("target", DType.Int64, [Shape.Unknown]));
        // A counter that stands still: both steps drop the same units.
        var context = new BuildContext(graph, training: true, seed: 1, graph.Constant(0, DType.Int64));
        var loss = context.TotalLoss(Losses.SoftmaxCrossEntropy, context.Apply(make(), x), target);
        Variable[] trainable = [.. graph.Variables.Where(v => v.IsTrainable)];
        Value[] gradients = [.. Gradients.Of(loss, trainable).Select(g => g!.Dense())];
        var slope = gradients.Select(g => g.Square().Sum()).Aggregate((a, b) => a + b);
        // Far enough along the slope for a fall of a hundredth, were the loss a straight line.
        var rate = 0.01 * loss / slope;
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Default, Seed = 1 });
        var step = session.Compile([x, target], [loss, .. gradients.Select(g => g.Abs().Max())], [.. trainable.Zip(gradients, (v, g) => v.Assign(v.Value - g * rate))]);
        Tensor[] batch = [Images(image), Tensor.From([3L, 5L], [2])];
        var results = step.Run(batch);
        Assert.All(trainable.Zip(results.Skip(1)), p => Assert.True(p.Second.Item<float>() > 0 && float.IsFinite(p.Second.Item<float>()), $"{p.First.Name}: {p.Second.Item<float>()}"));
        var (before, after) = (results[0].Item<float>(), step.Run(batch)[0].Item<float>());
        Assert.InRange(after, before * 0.95, before * 0.999);
    }

    private static Tensor Images(int size)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, [2, 3, size, size]);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(5));
        return tensor;
    }
}
