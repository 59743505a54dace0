using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>GoogLeNet, the first of the Inception networks (Szegedy et al., "Going deeper with convolutions", 2014, table 1).</summary>
public static class GoogLeNet
{
    /// <summary>
    /// As published: x[N, 3, 224, 224] gives logits[N, classes], with local response normalisation, dropout, and two auxiliary classifiers whose losses count 0.3 in training.
    /// 6 998 552 parameters and 1.583 · 10⁹ multiply-adds an image for 1000 classes, and 3 188 840 and 3 190 888 parameters for the classifiers.
    /// </summary>
    /// <param name="classes">At least 1.</param>
    public static Sequential Create(int classes = 1000) => Build(classes, asPublished: true);

    /// <summary>The convolutions, pools and last linear layer alone: what benchmarks measure as GoogLeNet.</summary>
    /// <param name="classes">At least 1.</param>
    public static Sequential CreatePlain(int classes = 1000) => Build(classes, asPublished: false);

    private static Sequential Build(int classes, bool asPublished)
    {
        IEnumerable<Layer> Published(Layer layer) => asPublished ? [layer] : [];
        return new(
        [
            .. Convolve("conv1", 64, 7, stride: 2, padding: 3), Halve(), .. Published(new LocalResponseNorm()),
            .. Convolve("reduce2", 64, 1), .. Convolve("conv2", 192, 3, padding: 1), .. Published(new LocalResponseNorm()), Halve(),
            Inception("3a", 64, (96, 128), (16, 32), 32),
            Inception("3b", 128, (128, 192), (32, 96), 64), Halve(),
            Inception("4a", 192, (96, 208), (16, 48), 64), .. Published(Classifier("auxiliary_4a", classes)),
            Inception("4b", 160, (112, 224), (24, 64), 64),
            Inception("4c", 128, (128, 256), (24, 64), 64),
            Inception("4d", 112, (144, 288), (32, 64), 64), .. Published(Classifier("auxiliary_4d", classes)),
            Inception("4e", 256, (160, 320), (32, 128), 128), Halve(),
            Inception("5a", 256, (160, 320), (32, 128), 128),
            Inception("5b", 384, (192, 384), (48, 128), 128),
            new GlobalAveragePool(), .. Published(new Dropout(0.4)), new Linear(classes),
        ]);
    }

    /// <summary>Windows of 1 × 1, 3 × 3 and 5 × 5 side by side, the larger ones over fewer channels, and a pool; all joined along the channels.</summary>
    private static Branches Inception(string name, int one, (int Reduced, int Channels) three, (int Reduced, int Channels) five, int projection) => new(
        new Sequential(Convolve("conv1x1", one, 1)),
        new Sequential([.. Convolve("reduce3x3", three.Reduced, 1), .. Convolve("conv3x3", three.Channels, 3, padding: 1)]),
        new Sequential([.. Convolve("reduce5x5", five.Reduced, 1), .. Convolve("conv5x5", five.Channels, 5, padding: 2)]),
        new Sequential([new MaxPool2d(3, stride: 1, padding: 1), .. Convolve("projection", projection, 1)]))
    { Name = $"inception_{name}" };

    private static AuxiliaryHead Classifier(string name, int classes) => new(
        new Sequential([new AveragePool2d(5, stride: 3), .. Convolve("conv", 128, 1), new Flatten(), new Linear(1024), new Relu(), new Dropout(0.7), new Linear(classes)]),
        weight: 0.3)
    { Name = name };

    private static Layer[] Convolve(string name, int channels, int kernel, int stride = 1, int padding = 0) =>
        [new Conv2d(channels, kernel, stride, padding) { Name = name, WeightInitializer = Initializers.HeNormal(), BiasInitializer = Initializers.Zeros }, new Relu()];

    private static MaxPool2d Halve() => new(3, stride: 2, Padding.Same);
}
