using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Models.Tests;

public class ModelTests
{
    [Fact]
    public void AlexNet_has_the_published_parameters_and_work()
    {
        var records = Build(AlexNet.Create(), [Shape.Unknown, 3, 224, 224], [Shape.Unknown, 1000]);
        Assert.Equal(61_100_840, records.Sum(r => r.Parameters));
        Assert.Equal(0.7142, records.Sum(r => r.Flops) / 2e9, 4);
        Assert.Equal(
            [23_296, 307_392, 663_936, 884_992, 590_080, 37_752_832, 16_781_312, 4_097_000],
            records.Select(r => r.Parameters).Where(p => p > 0));
        Assert.Equal(
            ["[?, 64, 27, 27]", "[?, 192, 13, 13]", "[?, 256, 6, 6]"],
            records.Where(r => r.Kind == "MaxPool2d").Select(r => r.Output.Shape.ToString()));
    }

    [Fact]
    public void LeNet_classifies_28_by_28_pixels() =>
        Assert.Equal(454_922, Build(LeNet.Create(), [Shape.Unknown, 1, 28, 28], [Shape.Unknown, 10]).Sum(r => r.Parameters));

    [Fact]
    public void The_convolutional_acoustic_model_keeps_time_and_thins_out_frequencies()
    {
        var records = Build(SpeechCnn.Create(), [Shape.Unknown, 1, 11, 40], [Shape.Unknown, 48]);
        Assert.Equal([10 * 16, (9 * 16 + 1) * 32, (7 * 5 * 32 + 1) * 128, 129 * 48], records.Select(r => r.Parameters).Where(p => p > 0));
        Assert.Equal(154_480, records.Sum(r => r.Parameters));
        Assert.Equal(9 * 38 * 16 * 9 + 7 * 10 * 32 * 16 * 9 + 7 * 5 * 32 * 128 + 128 * 48, records.Sum(r => r.Flops) / 2);
        Assert.Equal(["[?, 16, 9, 12]", "[?, 32, 7, 5]"], records.Where(r => r.Kind == "MaxPool2d").Select(r => r.Output.Shape.ToString()));
    }

    [Theory, InlineData(64, 2, 63_024), InlineData(128, 1, 92_720)]
    public void The_recurrent_acoustic_model_scores_each_frame(int units, int layers, long parameters)
    {
        var records = Build(SpeechLstm.Create(48, units, layers), [Shape.Unknown, 20, 40], [Shape.Unknown, 20, 48]);
        Assert.Equal(parameters, records.Sum(r => r.Parameters));
        Assert.Equal(parameters, 4 * units * (40 + units + 1) + (layers - 1) * 4 * units * (2 * units + 1) + (units + 1) * 48);
        Assert.Equal(layers, records.Count(r => r.Kind == "Lstm"));
        Assert.All(SpeechLstm.Create(layers: layers).OfType<Recurrent>(), r => Assert.Equal(50, ((LstmCell)r.Cell).CellClip));
    }

    [Fact]
    public void A_perceptron_has_a_linear_layer_more_than_hidden_layers()
    {
        var records = Build(Mlp.Create(10, 32, 16), [Shape.Unknown, 1, 8, 8], [Shape.Unknown, 10]);
        Assert.Equal([65 * 32, 33 * 16, 17 * 10], records.Where(r => r.Kind == "Linear").Select(r => r.Parameters));
    }

    [Fact]
    public void AlexNet_drops_units_only_if_asked_to()
    {
        var graph = new Graph();
        var counter = graph.Constant(0, DType.Int64);
        new BuildContext(graph, training: true, counter: counter).Apply(AlexNet.Create(10, dropout: 0.5), graph.Placeholder("x", DType.Float32, [Shape.Unknown, 3, 224, 224]));
        Assert.Equal(2, graph.Nodes.Count(n => n.Operation.Name == "Dropout"));
    }

    private static IReadOnlyList<LayerRecord> Build(Layer model, Shape input, Shape output)
    {
        var context = new BuildContext(new Graph(), training: true);
        var y = context.Apply(model, context.Graph.Placeholder("x", DType.Float32, input));
        Assert.Equal(output, y.Shape);
        return context.Records;
    }
}
