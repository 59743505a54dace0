using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training.Layers;
using Dunlin.Training.RunTests;

namespace Dunlin.Training.Tests.Layers;

public class AuxiliaryHeadTests
{
    [Fact]
    public void Its_loss_counts_by_its_weight_in_training_and_not_in_inference()
    {
        var graph = new Graph();
        var (x, target) = (graph.Placeholder("x", DType.Float32, [Shape.Unknown, 1]), graph.Placeholder("target", DType.Float32, [Shape.Unknown, 1]));
        var model = new Sequential(Scale("first", 2), new AuxiliaryHead(Scale("side", 10), weight: 0.3), Scale("last", 3));
        var training = new BuildContext(graph, training: true);
        var trained = training.Apply(model, x);
        training.AddLoss(graph.Constant(100f));
        var inference = training.ForInference();
        var predicted = inference.Apply(model, x);
        var losses = new[] { training.TotalLoss(Training.Losses.Absolute, trained, target), inference.TotalLoss(Training.Losses.Absolute, predicted, target) };
        Variable[] variables = [.. graph.Variables];
        using var session = new Session(graph, TestSession.Options);
        var step = session.Compile([x, target], [trained, .. losses, .. Gradients.Of(losses[0], variables).Select(g => g!.Dense())]);
        var results = step.Run(Tensor.From([1f], [1, 1]), Tensor.From([5f], [1, 1])).Select(r => r.ToArray<float>()[0]).ToArray();
        // y = 2 · 3 = 6 is 1 too much, the head's 2 · 10 = 20 is 15 too much.
        Assert.Equal([6, 1 + 0.3f * 15 + 100, 1], results[..3], Close);
        Assert.Equal(["first/weight", "auxiliary_head/side/weight", "last/weight"], variables.Select(v => v.Name));
        Assert.Equal([3 + 0.3f * 10, 0.3f * 2, 2], results[3..], Close);
    }

    [Fact]
    public void A_trained_model_with_one_predicts_and_is_measured_by_its_output_alone()
    {
        var head = new AuxiliaryHead(new Sequential(new Flatten(), new Linear(10)), weight: 0.5) { Name = "side" };
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), head, new Flatten(), new Linear(10));
        TrainingRecipe Recipe(double rate) => new(model, Training.Losses.SoftmaxCrossEntropy, Training.Optimizers.Sgd(rate), Training.Metrics.Accuracy);
        var (result, atRest) = (new Trainer(Recipe(0.05), SmallRun.Options()).Fit(SmallRun.Data), new Trainer(Recipe(0), SmallRun.Options()).Fit(SmallRun.Data));
        Assert.NotEqual(atRest.Weights["side/linear/weight"].ToArray<float>(), result.Weights["side/linear/weight"].ToArray<float>());
        using var predictor = new Predictor(model, SmallRun.Data.Test, result.Weights);
        var measured = predictor.Evaluate(SmallRun.Data.Test, Training.Losses.SoftmaxCrossEntropy, [Training.Metrics.Accuracy]);
        Assert.Equal(measured["loss"], result.Epochs[^1].Validation["loss"], 1e-4);
        Assert.Equal(measured["accuracy"], result.Epochs[^1].Validation["accuracy"], 1e-6);
    }

    [Theory, InlineData(0), InlineData(-1), InlineData(double.NaN)]
    public void Its_weight_is_above_0(double weight) => Assert.Throws<InvalidValueException>(() => new AuxiliaryHead(new Relu(), weight));

    private static Linear Scale(string name, float factor) => new(1, bias: false) { Name = name, WeightInitializer = new TestSession.Given(factor) };

    private static bool Close(float expected, float actual) => Math.Abs(expected - actual) < 1e-5f * Math.Max(1, Math.Abs(expected));
}
