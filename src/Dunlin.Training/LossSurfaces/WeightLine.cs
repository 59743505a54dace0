using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>Loss and metrics along the straight line through two models' weights (Goodfellow et al., 2015; Keskar et al., 2017): whether one lies in a narrower valley than the other.</summary>
public static class WeightLine
{
    /// <summary>Measures at α · first + (1 − α) · second, statistics of batch normalisation included, for each α.</summary>
    /// <param name="recipe">Model, loss and metrics.</param>
    /// <param name="data">What to measure on.</param>
    /// <param name="first">Weights of which α is the part, as <see cref="TrainingResult.Weights"/>.</param>
    /// <param name="second">Weights of the same model.</param>
    /// <param name="alphas">Where, from −1 to 2 as a rule.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <returns>For each α the loss and the metrics, by name.</returns>
    /// <exception cref="DunlinException">The weights are not of one model, or not floating-point numbers.</exception>
    public static IReadOnlyList<(double Alpha, IReadOnlyDictionary<string, double> Means)> Measure(
        TrainingRecipe recipe, IDataset data, IReadOnlyDictionary<string, Tensor> first, IReadOnlyDictionary<string, Tensor> second, IReadOnlyList<double> alphas, PredictorOptions? options = null)
    {
        if (first.Keys.Union(second.Keys).FirstOrDefault(name => !first.ContainsKey(name) || !second.ContainsKey(name) || first[name].TensorType != second[name].TensorType) is { } other)
            throw new DunlinException($"A line goes through the weights of one model; {other} is not the same in both.");
        using var predictor = new Predictor(recipe.Model, data, first, options);
        return [.. alphas.Select(alpha =>
        {
            predictor.Load(first.Keys.ToDictionary(name => name, name => Mix(first[name], second[name], alpha)), $"the weights at {alpha}");
            return (alpha, predictor.Evaluate(data, recipe.Loss, recipe.Metrics));
        })];
    }

    private static Tensor Mix(Tensor first, Tensor second, double alpha)
    {
        var mixed = Tensor.Zeros(first.Type, first.Shape);
        Elements.Write(mixed, 0, [.. Elements.Read(first).Zip(Elements.Read(second), (a, b) => alpha * a + (1 - alpha) * b)]);
        return mixed;
    }
}
