namespace Dunlin.Samples.LazyTraining;

/// <summary>What is trained of the net f(x) = c + Σᵢ aᵢ⟨wᵢ, x⟩², whose N first weights wᵢ are drawn from N(0, I/d).</summary>
public enum Regime
{
    /// <summary>RF, random features: the coefficients a and c.</summary>
    RandomFeatures,

    /// <summary>NT, neural tangent, or lazy training: also Σᵢ⟨sᵢ, x⟩⟨wᵢ, x⟩, the net's first-order change with its weights, by vectors sᵢ.</summary>
    NeuralTangent,

    /// <summary>NN: everything.</summary>
    FullTraining,
}
