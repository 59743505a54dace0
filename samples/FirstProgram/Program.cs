using Dunlin.Strategies;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

// Pictures of clothes where Fashion-MNIST is installed, else digits that are drawn on the spot.
var data = FashionMnist.IsInstalled() ? FashionMnist.Load() : GeneratedDigits.Create();

var model = new Sequential(
    new Conv2d(16, kernel: 3, padding: 1), new Relu(), new MaxPool2d(2),
    new Conv2d(32, kernel: 3, padding: 1), new Relu(), new MaxPool2d(2),
    new Flatten(), new Linear(10));

var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(1e-3), Metrics.Accuracy);
var trainer = new Trainer(recipe, new TrainerOptions
{
    Epochs = args is [var epochs] ? int.Parse(epochs) : 3,
    Strategy = new DataParallel(workers: 2),
    Observers = [new EpochPrinter(Console.Out)],
});
var result = trainer.Fit(data);

using var predictor = new Predictor(model, data.Test, result.Weights);
var pictures = data.Test.Take(5).ToBatch();
foreach (var (label, guess) in pictures["label"].ToArray<long>().Zip(predictor.Classify(pictures["image"])))
    Console.WriteLine($"{data.ClassNames[(int)label],-12} taken for {data.ClassNames[guess]}");
