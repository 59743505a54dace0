using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>A small convolutional network for digits, after LeNet-5 (LeCun et al., 1998), with rectified units and maximum pooling.</summary>
public static class LeNet
{
    /// <summary>x[N, C, 28, 28] gives logits[N, classes]; 454 922 parameters for one channel and ten classes.</summary>
    public static Sequential Create(int classes = 10) => new(
        new Conv2d(32, 5, padding: 2), new Relu(), new MaxPool2d(2),
        new Conv2d(64, 5, padding: 2), new Relu(), new MaxPool2d(2),
        new Flatten(),
        new Linear(128), new Relu(),
        new Linear(classes));
}
