using Dunlin.Models;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Benchmarks;

/// <summary>A model and a batch to measure. The peer's half of each row is in <c>bench/peer.py</c>.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Model">The model.</param>
/// <param name="Input">The shape of a batch.</param>
/// <param name="Classes">How many there are to choose from, for each example or for each word of one.</param>
internal sealed record Row(string Name, Layer Model, Shape Input, int Classes)
{
    /// <summary>Whether the inputs are numbers of words, one class each.</summary>
    public bool IsText { get; init; }

    public static IReadOnlyList<Row> All { get; } =
    [
        new("tiny", Mlp.Create(10, 64), [16, 32], 10),
        new("mlp", Mlp.Create(10, 512, 512), [64, 784], 10),
        new("lenet", LeNet.Create(), [64, 1, 28, 28], 10),
        new("alexnet", AlexNet.Create(), [32, 3, 224, 224], 1000),
        new("overfeat", OverFeat.Create(), [16, 3, 231, 231], 1000),
        new("vgg-a", Vgg.Create(VggModel.A), [8, 3, 224, 224], 1000),
        new("googlenet", GoogLeNet.CreatePlain(), [16, 3, 224, 224], 1000),
        new("resnet-50", ResNet.Create(), [16, 3, 224, 224], 1000),
        new("lstm", LstmLanguageModel.Create(10_000, 650, 650, 2), [20, 35], 10_000) { IsText = true },
    ];
}
