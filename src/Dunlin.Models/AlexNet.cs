using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>AlexNet in one tower (Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014).</summary>
public static class AlexNet
{
    /// <summary>x[N, 3, 224, 224] gives logits[N, classes]; 61 100 840 parameters and 0.714 · 10⁹ multiply-adds an image for 1000 classes.</summary>
    /// <param name="classes">At least 1.</param>
    /// <param name="dropout">Before the first two linear layers: 0.5 in the paper, 0 in benchmarks.</param>
    public static Sequential Create(int classes = 1000, double dropout = 0) => new(
        new Conv2d(64, 11, stride: 4, padding: 2), new Relu(), new MaxPool2d(3, stride: 2),
        new Conv2d(192, 5, padding: 2), new Relu(), new MaxPool2d(3, stride: 2),
        new Conv2d(384, 3, padding: 1), new Relu(),
        new Conv2d(256, 3, padding: 1), new Relu(),
        new Conv2d(256, 3, padding: 1), new Relu(), new MaxPool2d(3, stride: 2),
        new Flatten(),
        new Dropout(dropout), new Linear(4096), new Relu(),
        new Dropout(dropout), new Linear(4096), new Relu(),
        new Linear(classes));
}
