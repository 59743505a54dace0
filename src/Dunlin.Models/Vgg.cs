using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>The columns of table 1 of Simonyan and Zisserman, 2014, whose convolutions are all 3 × 3.</summary>
public enum VggModel
{
    /// <summary>11 layers with weights.</summary>
    A,

    /// <summary>13 layers with weights.</summary>
    B,

    /// <summary>16 layers with weights.</summary>
    D,

    /// <summary>19 layers with weights.</summary>
    E,
}

/// <summary>The networks of the Visual Geometry Group (Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014).</summary>
public static class Vgg
{
    /// <summary>
    /// x[N, 3, 224, 224] gives logits[N, classes]. For 1000 classes: A 132 863 336 parameters and 7.609 · 10⁹ multiply-adds an image, B 133 047 848 and 11.308, D 138 357 544 and
    /// 15.470, E 143 667 240 and 19.632. Weights start by He's rule, so that the deep ones train without the shallow one's weights that the paper began with.
    /// </summary>
    /// <param name="model">The paper's name.</param>
    /// <param name="classes">At least 1.</param>
    /// <param name="dropout">Before the second and the third linear layer: 0.5 in the paper, 0 in benchmarks.</param>
    /// <param name="width">Channels of the first convolution, which all other layers keep their ratio to: 64 in the paper.</param>
    public static Sequential Create(VggModel model, int classes = 1000, double dropout = 0, int width = 64) => new(
    [
        .. Depths(model).SelectMany((depth, stage) => Stage(depth, width << Math.Min(stage, 3))),
        new Flatten(),
        Hidden(64 * width), new Relu(), new Dropout(dropout),
        Hidden(64 * width), new Relu(), new Dropout(dropout),
        new Linear(classes),
    ]);

    /// <summary>Convolutions of each size of image.</summary>
    private static int[] Depths(VggModel model) => model switch
    {
        VggModel.A => [1, 1, 2, 2, 2],
        VggModel.B => [2, 2, 2, 2, 2],
        VggModel.D => [2, 2, 3, 3, 3],
        VggModel.E => [2, 2, 4, 4, 4],
        _ => throw new InvalidValueException($"Vgg: model is A, B, D or E, not {model}."),
    };

    private static IEnumerable<Layer> Stage(int depth, int channels)
    {
        for (var i = 0; i < depth; i++)
        {
            yield return new Conv2d(channels, 3, padding: 1) { WeightInitializer = Initializers.HeNormal(), BiasInitializer = Initializers.Zeros };
            yield return new Relu();
        }
        yield return new MaxPool2d(2);
    }

    private static Linear Hidden(int features) => new(features) { WeightInitializer = Initializers.HeNormal(), BiasInitializer = Initializers.Zeros };
}
