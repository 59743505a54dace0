using Dunlin.Cli.Configuration;
using Dunlin.Models;
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
}
