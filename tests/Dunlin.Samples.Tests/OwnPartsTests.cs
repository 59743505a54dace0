using Dunlin.Samples.OwnParts;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.Tests;

public class OwnPartsTests
{
    [Fact]
    public void A_graph_of_its_own_learns()
    {
        var losses = OwnGraph.Fit(50);
        Assert.True(losses[^1] < losses[0] / 10, string.Join(", ", losses));
    }

    [Fact]
    public void An_own_layer_and_an_own_optimiser_train_a_model()
    {
        var model = new Sequential(new Flatten(), new Linear(16), new Gate(new Linear(16)), new Linear(10));
        var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, new Optimizer(new Signs(), new ScaleBySchedule(2e-3)));
        var result = new Trainer(recipe, new() { Epochs = 4, BatchSize = 20, ThreadsPerWorker = 1 }).Fit(GeneratedDigits.Create(200, 1, seed: 1).Train);
        Assert.Contains("gate/scale", result.Weights.Keys);
        Assert.True(result.Epochs[^1].Training["loss"] < result.Epochs[0].Training["loss"] / 2);
    }
}
