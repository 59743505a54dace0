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
        ("alexnet", s => AlexNet.Create(s.Int("classes", 1000), s.Number("dropout", 0.5, 0, 1))));

    /// <summary>The models of the literature with the input they were published for, for a look at them without a configuration.</summary>
    public static IReadOnlyDictionary<string, (Layer Model, Shape Input)> Published { get; } = new Dictionary<string, (Layer, Shape)>(StringComparer.OrdinalIgnoreCase)
    {
        ["lenet"] = (LeNet.Create(), [1, 28, 28]),
        ["alexnet"] = (AlexNet.Create(), [3, 224, 224]),
    };
}
