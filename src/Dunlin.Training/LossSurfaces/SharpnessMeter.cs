using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>Measures the sharpness of what a run has found, at its end: <c>Observers = [new SharpnessMeter(recipe, data.Train)]</c>.</summary>
/// <param name="recipe">The run's.</param>
/// <param name="data">On which data the loss is taken; the paper takes all training data.</param>
/// <param name="options">How to look around; one measurement for each. Those of the paper unless given: ε of 10⁻³ and 5 · 10⁻⁴ with all elements.</param>
/// <param name="output">Takes a line for each measurement; null for none.</param>
/// <param name="kernels">How the model computes; defaults unless given.</param>
public sealed class SharpnessMeter(TrainingRecipe recipe, IDataset data, IReadOnlyList<SharpnessOptions>? options = null, TextWriter? output = null, PredictorOptions? kernels = null) : ITrainingObserver
{
    private readonly List<(SharpnessOptions, SharpnessResult)> _results = [];

    /// <summary>What was measured, with how; empty until the run has ended.</summary>
    public IReadOnlyList<(SharpnessOptions Options, SharpnessResult Result)> Results => _results;

    /// <inheritdoc/>
    public void Ended(TrainingResult result)
    {
        using var surface = new LossSurface(recipe.Model, data, recipe.Loss, result.Weights, kernels);
        double[] weights = [.. surface.Weights];
        foreach (var one in options ?? [new(), new() { Epsilon = 5e-4 }])
        {
            var measured = Sharpness.Measure(surface.Evaluate, weights, one);
            _results.Add((one, measured));
            output?.WriteLine(FormattableString.Invariant($"Sharpness: {measured.Value:0.###} (epsilon {one.Epsilon}, {(one.Directions is { } q ? $"{q} random directions" : $"all {surface.Length:N0} weights")})"));
        }
    }
}
