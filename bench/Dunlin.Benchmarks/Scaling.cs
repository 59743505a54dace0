using Dunlin.Models;
using Dunlin.Strategies;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;

namespace Dunlin.Benchmarks;

/// <summary>Images a second of whole training runs, loader and all: one worker of one thread against several, each with a batch of 64.</summary>
internal static class Scaling
{
    private const int BatchPerWorker = 64;

    public static double ItemsPerSecond(int workers, IKernelSet kernels, IDataset data)
    {
        var recipe = new TrainingRecipe(LeNet.Create(), Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.01, 0.9), Metrics.Accuracy);
        var options = new TrainerOptions
        {
            Epochs = 4,
            BatchSize = BatchPerWorker * workers,
            Strategy = new DataParallel(workers),
            Kernels = kernels,
            ThreadsPerWorker = 1,
        };
        // The first epoch warms up: plans are made, code is compiled.
        return new Trainer(recipe, options).Fit(data).Epochs.Skip(1).Max(e => e.ItemsPerSecond);
    }

    /// <summary>Turns about, so that a machine that changes its speed changes both.</summary>
    public static (double One, double All, double Ratio) Measure(int workers, IKernelSet kernels, int turns = 3)
    {
        var data = GeneratedDigits.Create(BatchPerWorker * 40, 1, seed: 1).Train;
        var pairs = Enumerable.Range(0, turns).Select(_ => (One: ItemsPerSecond(1, kernels, data), All: ItemsPerSecond(workers, kernels, data))).ToList();
        return (Median(pairs.Select(p => p.One)), Median(pairs.Select(p => p.All)), Median(pairs.Select(p => p.All / p.One)));
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
