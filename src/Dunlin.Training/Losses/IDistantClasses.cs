using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Computes scores of classes where their weights are. All is called by the worker's thread.</summary>
public interface IDistantClasses
{
    /// <summary>The cross entropies of some examples.</summary>
    /// <param name="weights">w[C, D], one of the learned variables.</param>
    /// <param name="features">[N, D].</param>
    /// <param name="labels">The right classes [N], Int64.</param>
    /// <param name="losses">Receives them, [N].</param>
    /// <param name="normalizers">Receives log Σ exp(features · wᵀ), [N].</param>
    /// <exception cref="DunlinException">A label is no class, or the weights are elsewhere.</exception>
    void Losses(Variable weights, Tensor features, Tensor labels, Tensor losses, Tensor normalizers);

    /// <summary>The gradient of a function of <see cref="Losses"/> with respect to the features; that with respect to the weights stays where they are, for the next update.</summary>
    /// <param name="weights">As there.</param>
    /// <param name="features">As there.</param>
    /// <param name="labels">As there.</param>
    /// <param name="normalizers">As received there.</param>
    /// <param name="lossGradients">With respect to each of the losses, [N].</param>
    /// <param name="featureGradients">Receives it, [N, D].</param>
    void Gradients(Variable weights, Tensor features, Tensor labels, Tensor normalizers, Tensor lossGradients, Tensor featureGradients);

    /// <summary>The scores of all classes.</summary>
    /// <param name="weights">w[C, D], one of the learned variables.</param>
    /// <param name="features">[N, D].</param>
    /// <param name="scores">Receives features · wᵀ, [N, C].</param>
    void Scores(Variable weights, Tensor features, Tensor scores);
}
