using Dunlin.Samples.OwnParts;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

Console.WriteLine($"A graph of its own: the loss falls {string.Join(", ", OwnGraph.Fit(5).Select(loss => $"{loss:F4}"))}");
Console.WriteLine($"Derivatives of all kinds: {string.Join(", ", Derivatives.Compute().Select(d => $"{d.Key} {d.Value.Shape}"))}");
Console.WriteLine($"Branches and loops: {string.Join(", ", Loops.Compute().Select(l => $"{l.Name} {l.Value.Shape}"))}");

var model = new Sequential(new Flatten(), new Linear(32), new Gate(new Linear(32)), new Relu(), new Linear(10));
var optimizer = new Optimizer(new Signs(), new ScaleBySchedule(1e-3));
var trainer = new Trainer(new(model, Losses.SoftmaxCrossEntropy, optimizer, Metrics.Accuracy), new() { Epochs = 2, Observers = [new EpochPrinter(Console.Out)] });
trainer.Fit(GeneratedDigits.Create(2000, 500));
