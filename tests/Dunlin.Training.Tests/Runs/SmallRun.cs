using Dunlin.Tensors.Kernels;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training.RunTests;

/// <summary>A run of a small convolutional network on a few generated digits: everything that has state is in it.</summary>
internal static class SmallRun
{
    public static TrainTest Data { get; } = GeneratedDigits.Create(57, 20, seed: 1);

    public static TrainingRecipe Recipe(Schedule? rate = null) => new(
        new Sequential(new Conv2d(4, 3, padding: 1), new BatchNorm(), new Relu(), new MaxPool2d(2), new Flatten(), new Dropout(0.2), new Linear(10)),
        Losses.SoftmaxCrossEntropy, Optimizers.Adam(rate ?? 0.01), Metrics.Accuracy);

    public static TrainerOptions Options(string? directory = null) => new()
    {
        Epochs = 3,
        BatchSize = 10,
        Seed = 7,
        Kernels = KernelSets.Managed,
        ThreadsPerWorker = 1,
        RunDirectory = directory,
        Augmentations = [Augmentation.RandomShift("image", 1)],
    };

    public static void AssertSame(IReadOnlyDictionary<string, Tensors.Tensor> expected, IReadOnlyDictionary<string, Tensors.Tensor> actual)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, tensor) in expected) Assert.True(tensor.RawBytes.SequenceEqual(actual[name].RawBytes), $"{name} differs");
    }
}

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
