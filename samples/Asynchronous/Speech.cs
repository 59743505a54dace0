using Dunlin.Models;
using Dunlin.Strategies;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>
/// Acoustic models (Chan, "Distributed Optimization of CNNs and RNNs", 2015): workers meet the server when it is free, and compute another minibatch when it is not. How long 1 to 5 workers take to the same frame accuracy, and what that is
/// of a worker without a server: T₁ / (n Tₙ).
/// </summary>
public static class Speech
{
    private const int MaximumSteps = 2;

    private const double Spread = 0.1;

    private static readonly int[] Numbers = [1, 2, 3, 4, 5];

    /// <summary>Runs both models.</summary>
    public static Report Run(Options options)
    {
        var (cnn, lstm) = (Cnn(options), Lstm(options));
        var text = $"""
            Speech that espeak-ng synthesises, in noise so loud that about as many frames are told right as in the talk ([docs/speech.md](../speech.md)); gradients are real, time is simulated: a step takes as long as measured on one core, log-normal with σ = {Spread}. Workers and server are threads of one machine: a gradient is not copied, and the server applies {SharedMemory.UpdateRate / 1e9:0} GB/s and copies weights at {SharedMemory.CopyRate / 1e9:0} GB/s, one worker at a time.
            Workers try the server after every minibatch and wait for it when they have {MaximumSteps} to give. The server runs Adagrad, which Dean et al. (2012) found to make many asynchronous workers stable; its rate is one at which five are, and the same for all numbers of workers. A worker alone would bear twice that of the convolutional network, with which it gets to the same accuracies up to a third sooner.
            "alone" is a worker without a server; efficiency is T₁ / (n Tₙ) of that. Times are read off the curves between the ends of epochs, and are means over 3 seeds, and 6 of the LSTM. Published are hours on GPUs, with other speech (tables of the talk).

            {cnn.Text}

            {lstm.Text}
            """;
        return new("Asynchronous acoustic models", text, [cnn.Chart, lstm.Chart]);
    }

    private static (string Text, Chart Chart) Cnn(Options options) => Table(new Task("Convolutional network", SpeechCnn.Create(), GeneratedSpeech.Frames(Noisy(-14, options)), 128, Seeds: 3,
        Optimizers.Adagrad(0.015), options.Effort < 0.1 ? 1 : 7, 4.2e-3, [0.40, 0.43, 0.44],
        ["5:50, 14:36, 19:29", "3:36 (81), 8:59 (81), 11:58 (81)", "2:48 (69), 5:59 (81), 7:58 (82)", "2:05 (70), 4:28 (82), 6:32 (75)", "1:40 (70), 3:49 (77), 5:43 (68)"], "40, 43, 44 %"), options);

    private static (string Text, Chart Chart) Lstm(Options options) => Table(new Task("LSTM", SpeechLstm.Create(), GeneratedSpeech.Sequences(Noisy(-10, options)), 16, Seeds: 6,
        Optimizers.Adagrad(0.1).After(new ClipByGlobalNorm(1)), options.Effort < 0.1 ? 1 : 14, 1.7e-3, [0.44, 0.45, 0.46],
        ["1:51, 3:42, 7:41", "1:00 (93), 2:00 (93), 3:01 (128)", "", "", "-, -, 1:15 (122)"], "46.5, 47.5, 48.5 %"), options);

    private static SpeechOptions Noisy(double least, Options options) => new() { Minutes = 30 * Math.Min(1, options.Effort), LeastSignalToNoise = least, MostSignalToNoise = least + 10 };

    private static (string Text, Chart Chart) Table(Task task, Options options)
    {
        var isShort = options.Effort < 0.1;
        ulong[] seeds = [.. Enumerable.Range(0, isShort ? 1 : task.Seeds).Select(i => options.Seed + (ulong)i)];
        // Simulated time does not mind how many runs share the processors.
        Results Runs(int n) => new([.. seeds.AsParallel().AsOrdered().Select(seed => Train(task, n, seed))]);
        var alone = Runs(0);
        var workers = isShort ? Numbers[..2] : Numbers;
        var runs = workers.Select(Runs).ToList();
        string Cell(Results run, double accuracy, int n)
        {
            var (seconds, reference) = (run.SecondsTo(accuracy), alone.SecondsTo(accuracy));
            return double.IsNaN(seconds) ? "-" : $"{seconds:0.0} ({100 * reference / (n * seconds):0} %)";
        }
        var rows = runs.Select((run, i) => (string[])[$"{workers[i]}", .. task.Accuracies.Select(a => Cell(run, a, workers[i])), $"{100 * (1 - run.Last):0.0} %", $"{run.MeanSteps:0.00}", task.Published[i]]);
        var text = $"""
            **{task.Name}**, seconds to an accuracy (efficiency):

            {Report.Table(["workers", .. task.Accuracies.Select(a => $"{100 * a:0} %"), "error in the end", "minibatches a meeting", $"published, h:mm to {task.PublishedAccuracies}"],
                [["alone", .. task.Accuracies.Select(a => $"{alone.SecondsTo(a):0.0}"), $"{100 * (1 - alone.Last):0.0} %", "", ""], .. rows])}
            """;
        return (text, new Chart($"{task.Name}: test accuracy by simulated seconds, first seed", "seconds", [.. runs.Prepend(alone).Select((run, i) => new Series(i == 0 ? "alone" : $"{workers[i - 1]} workers", run.Curves[0].Points) { Style = i == 0 ? SeriesStyle.Dashes : SeriesStyle.Line })]));
    }

    private static Curve Train(Task task, int workers, ulong seed)
    {
        var cluster = SharedMemory.Of(new(task.StepSeconds, Spread), seed);
        var count = Math.Max(1, workers);
        ITrainingStrategy strategy = workers == 0 ? new SingleWorker() : new ParameterServer(workers, new() { Protocol = new ServerProtocol.TryLock(MaximumSteps), Simulation = cluster });
        var points = new List<(double X, double Y)>();
        var observer = new Observer(report => points.Add((workers == 0 ? report.Step * task.StepSeconds : cluster.Now, report.Validation["accuracy"])));
        var trainer = new Trainer(new(task.Model, Losses.SoftmaxCrossEntropy, task.Optimizer, Metrics.Accuracy),
            new() { Epochs = task.Epochs, BatchSize = task.Batch * count, Seed = seed, Strategy = strategy, ThreadsPerWorker = 1, ValidationBatchSize = 256, Observers = [observer] });
        trainer.Fit(task.Data);
        var report = cluster.Report;
        return new(points, report is null ? 1 : (double)report.Steps.Sum() / report.Updates[0]);
    }

    private sealed record Task(string Name, Layer Model, TrainTest Data, int Batch, int Seeds, Optimizer Optimizer, int Epochs, double StepSeconds, IReadOnlyList<double> Accuracies, IReadOnlyList<string> Published, string PublishedAccuracies);

    private sealed record Curve(IReadOnlyList<(double X, double Y)> Points, double MeanSteps)
    {
        /// <summary>The accuracy in the end: the mean of the last two epochs, which differ by chance.</summary>
        public double Last => Points.TakeLast(2).Average(p => p.Y);

        /// <summary>When the accuracy is first reached, between two points on the line between them.</summary>
        public double SecondsTo(double accuracy)
        {
            for (var i = 0; i < Points.Count; i++)
            {
                if (Points[i].Y < accuracy) continue;
                var (x, y) = i == 0 ? (0, 0) : Points[i - 1];
                return x + (Points[i].X - x) * (accuracy - y) / (Points[i].Y - y);
            }
            return double.NaN;
        }
    }

    /// <summary>The same run with several seeds.</summary>
    private sealed record Results(IReadOnlyList<Curve> Curves)
    {
        public double Last => Curves.Average(c => c.Last);

        public double MeanSteps => Curves.Average(c => c.MeanSteps);

        /// <summary>The mean time; not a number where one does not get there.</summary>
        public double SecondsTo(double accuracy) => Curves.Average(c => c.SecondsTo(accuracy));
    }

    private sealed class Observer(Action<EpochReport> ended) : ITrainingObserver
    {
        public void EpochEnded(EpochReport report) => ended(report);
    }
}
