using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.Hpc;

/// <summary>How a network learnt.</summary>
/// <param name="Losses">The loss of each step's whole batch.</param>
/// <param name="Accuracy">On test data, at the end.</param>
/// <param name="Weights">By name.</param>
public sealed record Learnt(IReadOnlyList<double> Losses, double Accuracy, IReadOnlyDictionary<string, float[]> Weights)
{
    /// <summary>The largest difference between two weights.</summary>
    public double Distance(Learnt other) => Weights.Max(pair => pair.Value.Zip(other.Weights[pair.Key], (a, b) => Math.Abs(a - (double)b)).Max());
}

/// <summary>(e) The same four lines for a network: the strategy does them.</summary>
public static class SmallNetwork
{
    /// <summary>Trains a perceptron on digits, drawn on the spot.</summary>
    public static Learnt Train(int workers, int epochs, ulong seed)
    {
        var losses = new LossRecorder();
        var model = new Sequential(new Flatten(), new Linear(32), new Relu(), new Linear(10));
        var trainer = new Trainer(new TrainingRecipe(model, Training.Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05), Metrics.Accuracy), new TrainerOptions
        {
            Epochs = epochs,
            BatchSize = 50, // which three ranks can't share equally
            Seed = seed,
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
            Strategy = Team.Strategy(workers),
            Observers = [losses],
        });
        var result = trainer.Fit(GeneratedDigits.Create(train: 1010, test: 300, seed));
        return new(losses.All, result.Metrics["accuracy"], result.Weights.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray<float>()));
    }

    private sealed class LossRecorder : ITrainingObserver
    {
        public List<double> All { get; } = [];

        public void Stepped(in StepReport report) => All.Add(report.Loss);
    }
}
