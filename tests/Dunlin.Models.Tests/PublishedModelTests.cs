using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models.Tests;

/// <summary>What the papers say about parameters and shapes, and the work of their layers counted by hand.</summary>
public class PublishedModelTests
{
    public static TheoryData<string> Names => [.. Models.Keys];

    private static readonly Dictionary<string, (Func<Layer> Make, int Image, long Parameters, double GigaMultiplyAdds)> Models = new()
    {
        ["alexnet"] = (() => AlexNet.Create(), 224, 61_100_840, 0.7142),
        ["overfeat"] = (() => OverFeat.Create(), 231, 145_920_872, 2.8014),
        ["vgg-a"] = (() => Vgg.Create(VggModel.A), 224, 132_863_336, 7.6091),
        ["vgg-b"] = (() => Vgg.Create(VggModel.B), 224, 133_047_848, 11.3084),
        ["vgg-d"] = (() => Vgg.Create(VggModel.D), 224, 138_357_544, 15.4703),
        ["vgg-e"] = (() => Vgg.Create(VggModel.E), 224, 143_667_240, 19.6321),
        ["googlenet"] = (GoogLeNetPlain, 224, 6_998_552, 1.5827),
        // The classifiers' work is 4.17 and 4.20 million multiply-adds.
        ["googlenet as published"] = (() => GoogLeNet.Create(), 224, 6_998_552 + 3_188_840 + 3_190_888, 1.5827 + 0.0084),
        ["resnet-50"] = (() => ResNet.Create(), 224, 25_557_032, 4.0892),
        ["resnet-101"] = (() => ResNet.Create(101), 224, 44_549_160, 7.8014),
        ["resnet-152"] = (() => ResNet.Create(152), 224, 60_192_808, 11.5136),
    };

    [Theory, MemberData(nameof(Names))]
    public void Parameters_and_work_are_the_published_ones(string name)
    {
        var (make, image, parameters, work) = Models[name];
        var records = Build(make(), image);
        Assert.Equal(parameters, records.Sum(r => r.Parameters));
        Assert.Equal(work, records.Sum(r => r.Flops) / 2e9, 0.0001);
    }

    [Theory, InlineData("alexnet", 128, 530.5), InlineData("overfeat", 128, 2123.5), InlineData("vgg-a", 64, 2910.8), InlineData("googlenet", 128, 1185.3)]
    public void A_training_step_has_the_work_of_three_forward_passes_less_the_gradient_of_the_image(string name, int batch, double gigaFlops) =>
        Assert.Equal(gigaFlops, ModelSummary.StepFlops(Build(Models[name].Make(), Models[name].Image)) * batch / 1e9, 0.06);

    /// <summary>What the graph's operations say, gradients included, is what was counted by hand layer by layer.</summary>
    [Theory, InlineData("alexnet", 128, 182.8, 530.5), InlineData("googlenet", 128, 405.2, 1185.3)]
    public void Operations_of_a_graph_and_its_gradients_count_the_same_work(string name, int batch, double forward, double training)
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: true, counter: graph.Constant(0, DType.Int64));
        var loss = context.Apply(Models[name].Make(), graph.Placeholder("x", DType.Float32, [batch, 3, 224, 224])).Sum();
        Assert.Equal(forward, graph.Nodes.Sum(n => n.Flops) / 1e9, 0.06);
        var gradients = Gradients.Of(loss, graph.Variables.Where(v => v.IsTrainable)).Select(g => g!.Dense().Node);
        Assert.Equal(training, Needed(gradients).Sum(n => n.Flops) / 1e9, 0.06);
    }

    /// <summary>A plan leaves out the rest, such as the gradient of the image.</summary>
    private static HashSet<Node> Needed(IEnumerable<Node> nodes)
    {
        var needed = new HashSet<Node>();
        var open = new Stack<Node>(nodes);
        while (open.TryPop(out var node))
            if (needed.Add(node))
                foreach (var input in node.Inputs) open.Push(input.Node);
        return needed;
    }

    [Fact]
    public void OverFeat_has_the_published_shapes()
    {
        var records = Build(OverFeat.Create(), 231);
        Assert.Equal(["[?, 96, 56, 56]", "[?, 256, 24, 24]", "[?, 512, 12, 12]", "[?, 1024, 12, 12]", "[?, 1024, 12, 12]"], Shapes(records, "Conv2d"));
        Assert.Equal(["[?, 96, 28, 28]", "[?, 256, 12, 12]", "[?, 1024, 6, 6]"], Shapes(records, "MaxPool2d"));
        Assert.Equal(["[?, 36864]", "[?, 3072]", "[?, 4096]", "[?, 1000]"], [.. Shapes(records, "Flatten"), .. Shapes(records, "Linear")]);
    }

    [Fact]
    public void Vgg_halves_the_image_five_times()
    {
        var records = Build(Vgg.Create(VggModel.A), 224);
        Assert.Equal(["[?, 64, 112, 112]", "[?, 128, 56, 56]", "[?, 256, 28, 28]", "[?, 512, 14, 14]", "[?, 512, 7, 7]"], Shapes(records, "MaxPool2d"));
        Assert.Equal(["[?, 25088]", "[?, 4096]", "[?, 4096]", "[?, 1000]"], [.. Shapes(records, "Flatten"), .. Shapes(records, "Linear")]);
        int[] layers = [.. new[] { VggModel.A, VggModel.B, VggModel.D, VggModel.E }.Select(m => Build(Vgg.Create(m), 224).Count(r => r.Kind is "Conv2d" or "Linear"))];
        Assert.Equal([11, 13, 16, 19], layers);
    }

    [Fact]
    public void GoogLeNet_has_57_convolutions_and_the_published_shapes()
    {
        var records = Build(GoogLeNetPlain(), 224);
        Assert.Equal(57, records.Count(r => r.Kind == "Conv2d"));
        Assert.Equal(["[?, 64, 112, 112]", "[?, 64, 56, 56]", "[?, 192, 56, 56]"], Shapes([.. records.Where(r => !r.Path.Contains('/'))], "Conv2d"));
        Assert.Equal(
            [
                "[?, 256, 28, 28]", "[?, 480, 28, 28]", "[?, 512, 14, 14]", "[?, 512, 14, 14]", "[?, 512, 14, 14]", "[?, 528, 14, 14]", "[?, 832, 14, 14]",
                "[?, 832, 7, 7]", "[?, 1024, 7, 7]",
            ], Shapes(records, "Branches"));
    }

    [Fact]
    public void The_auxiliary_classifiers_of_GoogLeNet_have_the_published_parameters_and_work()
    {
        var records = Build(GoogLeNet.Create(), 224);
        foreach (var (name, parameters, millions) in new[] { ("auxiliary_4a/", 3_188_840, 4.17), ("auxiliary_4d/", 3_190_888, 4.20) })
        {
            var head = records.Where(r => r.Path.StartsWith(name, StringComparison.Ordinal)).ToList();
            Assert.Equal(parameters, head.Sum(r => r.Parameters));
            Assert.Equal(millions, head.Sum(r => r.Flops) / 2e6, 0.006);
        }
        Assert.Equal(["[?, 64, 56, 56]", "[?, 192, 56, 56]"], Shapes(records, "LocalResponseNorm"));
    }

    [Fact]
    public void ResNet_halves_the_image_in_the_3_by_3_convolution()
    {
        var records = Build(ResNet.Create(), 224);
        Assert.Equal(53, records.Count(r => r.Kind == "Conv2d"));
        Assert.Equal(
            [(3, "[?, 256, 56, 56]"), (4, "[?, 512, 28, 28]"), (6, "[?, 1024, 14, 14]"), (3, "[?, 2048, 7, 7]")],
            Shapes(records, "Residual").GroupBy(s => s).Select(g => (g.Count(), g.Key)));
        string[] entry = [.. records.Where(r => r.Path.StartsWith("stage2_1/", StringComparison.Ordinal) && r.Kind == "Conv2d").Select(r => r.Output.Shape.ToString())];
        Assert.Equal(["[?, 128, 56, 56]", "[?, 128, 28, 28]", "[?, 512, 28, 28]", "[?, 512, 28, 28]"], entry);
    }

    [Fact]
    public void A_model_that_the_paper_has_not_is_refused()
    {
        Assert.Contains("50, 101 or 152", Assert.Throws<InvalidValueException>(() => ResNet.Create(34)).Message, StringComparison.Ordinal);
        Assert.Contains("A, B, D or E", Assert.Throws<InvalidValueException>(() => Vgg.Create((VggModel)17)).Message, StringComparison.Ordinal);
    }

    private static Sequential GoogLeNetPlain() => GoogLeNet.CreatePlain();

    private static List<string> Shapes(IEnumerable<LayerRecord> records, string kind) => [.. records.Where(r => r.Kind == kind).Select(r => r.Output.Shape.ToString())];

    private static IReadOnlyList<LayerRecord> Build(Layer model, int image)
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: true, counter: graph.Constant(0, DType.Int64));
        Assert.Equal([Shape.Unknown, 1000], context.Apply(model, graph.Placeholder("x", DType.Float32, [Shape.Unknown, 3, image, image])).Shape);
        return context.Records;
    }
}
