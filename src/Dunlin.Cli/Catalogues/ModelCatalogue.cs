using Dunlin.Cli.Configuration;
using Dunlin.Models;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Cli.Catalogues;

/// <summary>The models that a configuration can name, besides a list of layers.</summary>
internal static class ModelCatalogue
{
    public static Catalogue<Layer> All { get; } = new("model",
        ("sequential", LayerCatalogue.Chain),
        ("mlp", s => Mlp.Create(s.Int("outputs", 10), s.Ints("hidden", [128]))),
        ("lenet", s => LeNet.Create(s.Int("classes", 10))),
        ("speech-cnn", s => SpeechCnn.Create(s.Int("classes", 48), s.Int("filters", 16), s.Int("hidden", 128))),
        ("speech-lstm", s => SpeechLstm.Create(s.Int("classes", 48), s.Int("units", 64), s.Int("layers", 2))),
        ("alexnet", s => AlexNet.Create(s.Int("classes", 1000), s.Number("dropout", 0.5, 0, 1))),
        ("overfeat", s => OverFeat.Create(s.Int("classes", 1000), s.Number("dropout", 0.5, 0, 1))),
        ("vgg-a", s => Vgg(s, VggModel.A)),
        ("vgg-b", s => Vgg(s, VggModel.B)),
        ("vgg-d", s => Vgg(s, VggModel.D)),
        ("vgg-e", s => Vgg(s, VggModel.E)),
        ("googlenet", s => s.Flag("plain", false) ? GoogLeNet.CreatePlain(s.Int("classes", 1000)) : GoogLeNet.Create(s.Int("classes", 1000))),
        ("resnet-50", s => ResNet.Create(50, s.Int("classes", 1000))),
        ("resnet-101", s => ResNet.Create(101, s.Int("classes", 1000))),
        ("resnet-152", s => ResNet.Create(152, s.Int("classes", 1000))));

    /// <summary>The models of the literature with the input they were published for, for a look at them without a configuration.</summary>
    public static IReadOnlyDictionary<string, (Layer Model, Shape Input)> Published { get; } = new Dictionary<string, (Layer, Shape)>(StringComparer.OrdinalIgnoreCase)
    {
        ["lenet"] = (LeNet.Create(), [1, 28, 28]),
        ["alexnet"] = (AlexNet.Create(), [3, 224, 224]),
        ["overfeat"] = (OverFeat.Create(), [3, 231, 231]),
        ["vgg-a"] = (Models.Vgg.Create(VggModel.A), [3, 224, 224]),
        ["vgg-b"] = (Models.Vgg.Create(VggModel.B), [3, 224, 224]),
        ["vgg-d"] = (Models.Vgg.Create(VggModel.D), [3, 224, 224]),
        ["vgg-e"] = (Models.Vgg.Create(VggModel.E), [3, 224, 224]),
        ["googlenet"] = (GoogLeNet.Create(), [3, 224, 224]),
        ["resnet-50"] = (ResNet.Create(50), [3, 224, 224]),
        ["resnet-101"] = (ResNet.Create(101), [3, 224, 224]),
        ["resnet-152"] = (ResNet.Create(152), [3, 224, 224]),
    };

    private static Sequential Vgg(Section section, VggModel model) => Models.Vgg.Create(model, section.Int("classes", 1000), section.Number("dropout", 0.5, 0, 1));
}
