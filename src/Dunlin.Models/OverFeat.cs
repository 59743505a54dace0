using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>The fast model of OverFeat (Sermanet et al., 2013, table 1).</summary>
public static class OverFeat
{
    /// <summary>x[N, 3, 231, 231] gives logits[N, classes]; 145 920 872 parameters and 2.801 · 10⁹ multiply-adds an image for 1000 classes.</summary>
    /// <param name="classes">At least 1.</param>
    /// <param name="dropout">Before the second and the third linear layer: 0.5 in the paper, 0 in benchmarks.</param>
    /// <param name="width">Channels of the first convolution, which all other layers keep their ratio to: 96 in the paper.</param>
    public static Sequential Create(int classes = 1000, double dropout = 0, int width = 96) => new(
        new Conv2d(width, 11, stride: 4), new Relu(), new MaxPool2d(2),
        new Conv2d(width * 256 / 96, 5), new Relu(), new MaxPool2d(2),
        new Conv2d(width * 512 / 96, 3, padding: 1), new Relu(),
        new Conv2d(width * 1024 / 96, 3, padding: 1), new Relu(),
        new Conv2d(width * 1024 / 96, 3, padding: 1), new Relu(), new MaxPool2d(2),
        new Flatten(),
        new Linear(width * 3072 / 96), new Relu(),
        new Dropout(dropout), new Linear(width * 4096 / 96), new Relu(),
        new Dropout(dropout), new Linear(classes));
}
