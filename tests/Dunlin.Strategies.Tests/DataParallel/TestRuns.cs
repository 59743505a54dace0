using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>What tests of runs on several workers have in common.</summary>
internal static class TestRuns
{
    public static TrainerOptions Options(ITrainingStrategy strategy, int epochs) =>
        new() { Epochs = epochs, BatchSize = 10, Seed = 5, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };

    public static void AssertEqual(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, tensor) in expected) Assert.True(tensor.TensorType == actual[name].TensorType && tensor.RawBytes.SequenceEqual(actual[name].RawBytes), $"{name} differs");
    }

    /// <summary>The largest difference of two elements, as a part of 1 and the element; NaN where one is.</summary>
    public static double Difference(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        return expected.SelectMany(e => e.Value.ToArray<float>().Zip(actual[e.Key].ToArray<float>())).Aggregate(0.0, (most, pair) => Math.Max(most, Math.Abs(pair.First - pair.Second) / (1.0 + Math.Abs(pair.First))));
    }

    public static void AssertClose(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual, double tolerance)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, tensor) in expected)
        {
            var (a, b) = (tensor.ToArray<float>(), actual[name].ToArray<float>());
            for (var i = 0; i < a.Length; i++)
                Assert.True(Math.Abs(a[i] - b[i]) <= tolerance * (1 + Math.Abs(a[i])), $"{name}[{i}]: {a[i]} expected, got {b[i]}");
        }
    }
}
