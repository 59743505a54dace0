using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>What is learned, and by which rule.</summary>
/// <param name="Model">From an input to a prediction.</param>
/// <param name="Loss">From a prediction and a target to a number to make small.</param>
/// <param name="Optimizer">How gradients change the model.</param>
/// <param name="Metrics">What else is measured of predictions.</param>
public sealed record TrainingRecipe(Layer Model, Loss Loss, Optimizer Optimizer, params IReadOnlyList<Metric> Metrics);
