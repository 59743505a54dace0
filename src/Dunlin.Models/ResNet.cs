using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>
/// Residual networks of bottlenecks (He et al., "Deep residual learning for image recognition", 2015), in the variant that halves the image in a block's 3 × 3 convolution
/// instead of its first 1 × 1, often called version 1.5.
/// </summary>
public static class ResNet
{
    /// <summary>How many times as many channels leave a bottleneck as are within.</summary>
    private const int Expansion = 4;

    /// <summary>
    /// x[N, 3, 224, 224] gives logits[N, classes]. For 1000 classes: 25 557 032 parameters and 4.089 · 10⁹ multiply-adds an image at depth 50, 44 549 160 and 7.801 at 101,
    /// 60 192 808 and 11.514 at 152.
    /// </summary>
    /// <param name="depth">50, 101 or 152 layers with weights.</param>
    /// <param name="classes">At least 1.</param>
    /// <param name="width">Channels of the first convolution, which all other layers keep their ratio to: 64 in the paper.</param>
    public static Sequential Create(int depth = 50, int classes = 1000, int width = 64) => new(
    [
        .. Normalized(width, 7, stride: 2, padding: 3), new Relu(), new MaxPool2d(3, stride: 2, padding: 1),
        .. Blocks(depth).SelectMany((count, stage) => Enumerable.Range(0, count).SelectMany(i => Bottleneck($"stage{stage + 1}_{i + 1}", width << stage, i > 0 ? null : stage > 0 ? 2 : 1))),
        new GlobalAveragePool(), new Linear(classes),
    ]);

    /// <summary>Bottlenecks of each size of image.</summary>
    private static int[] Blocks(int depth) => depth switch
    {
        50 => [3, 4, 6, 3],
        101 => [3, 4, 23, 3],
        152 => [3, 8, 36, 3],
        _ => throw new InvalidValueException($"ResNet: depth is 50, 101 or 152, not {depth}."),
    };

    /// <summary>1 × 1 to fewer channels, 3 × 3, 1 × 1 to more, around a shortcut.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="channels">Channels within.</param>
    /// <param name="entry">The stride of the first block of a stage, whose shortcut is projected; null for the others, which keep the shape.</param>
    private static Layer[] Bottleneck(string name, int channels, int? entry) =>
    [
        new Residual(
            new Sequential([.. Normalized(channels, 1), new Relu(), .. Normalized(channels, 3, entry ?? 1, padding: 1), new Relu(), .. Normalized(Expansion * channels, 1)]),
            entry is { } stride ? new Sequential(Normalized(Expansion * channels, 1, stride)) : null)
        { Name = name },
        new Relu(),
    ];

    /// <summary>A convolution, whose bias the normalisation would take away again, and the normalisation.</summary>
    private static Layer[] Normalized(int channels, int kernel, int stride = 1, int padding = 0) =>
        [new Conv2d(channels, kernel, stride, padding, bias: false) { WeightInitializer = Initializers.HeNormal() }, new BatchNorm()];
}
