using Dunlin.Models;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Benchmarks;

/// <summary>A model and a batch to measure. The peer's half of each row is in <c>bench/peer.py</c>.</summary>
internal sealed record Row(string Name, Layer Model, Shape Input, int Classes)
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("tiny", Mlp.Create(10, 64), [16, 32], 10),
        new("mlp", Mlp.Create(10, 512, 512), [64, 784], 10),
        new("lenet", LeNet.Create(), [64, 1, 28, 28], 10),
        new("alexnet", AlexNet.Create(), [32, 3, 224, 224], 1000),
    ];
}
