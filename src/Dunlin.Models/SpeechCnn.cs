using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>
/// A convolutional acoustic model: convolutions over time and frequency, maxima over frequency alone, then fully connected layers (Abdel-Hamid et al., 2012; Sainath et al., 2013), in a
/// size for processors.
/// </summary>
public static class SpeechCnn
{
    /// <summary>x[N, 1, 11, 40], a frame among its neighbours, gives logits[N, classes]; 154 480 parameters and 0.521 · 10⁶ multiply-adds a frame for 48 classes.</summary>
    /// <param name="classes">At least 1.</param>
    /// <param name="filters">Channels of the first convolution; the second has twice as many.</param>
    /// <param name="hidden">Features of the hidden linear layer.</param>
    public static Sequential Create(int classes = 48, int filters = 16, int hidden = 128) => new(
        Convolve(filters), new Relu(), new MaxPool2d((1, 3)),
        Convolve(2 * filters), new Relu(), new MaxPool2d((1, 2)),
        new Flatten(),
        new Linear(hidden) { WeightInitializer = Initializers.HeNormal(), BiasInitializer = Initializers.Zeros }, new Relu(),
        new Linear(classes));

    private static Conv2d Convolve(int channels) => new(channels, 3) { WeightInitializer = Initializers.HeNormal(), BiasInitializer = Initializers.Zeros };
}
