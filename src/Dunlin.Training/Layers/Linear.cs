using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>y = x · wᵀ + b over the last dimension: x[…, in] gives y[…, out]. Variables: weight[out, in], bias[out].</summary>
public sealed class Linear : Layer
{
    private readonly int _features;

    /// <summary>Creates the layer; it takes the number of input features from its input.</summary>
    /// <param name="features">Output features, at least 1.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public Linear(int features, bool bias = true)
    {
        Require.AtLeast(nameof(Linear), features, 1);
        (_features, HasBias) = (features, bias);
    }

    /// <summary>Whether a bias is added.</summary>
    public bool HasBias { get; }

    /// <summary>How weights start.</summary>
    /// <value><see cref="Initializers.FanInUniform"/> unless set.</value>
    public Initializer WeightInitializer { get; init; } = Initializers.FanInUniform();

    /// <summary>How the bias starts; null for uniform in ±1/√in, as the weights' default.</summary>
    public Initializer? BiasInitializer { get; init; }

    /// <summary>What stands in place of the weights.</summary>
    /// <value>Null, the weights themselves, unless set.</value>
    public Reparameterization? Reparameterization { get; init; }

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        if (input.Shape.Rank < 2 || input.Shape[^1] == Shape.Unknown)
            throw new ShapeException($"expected x[batch, …, in] with a known number of features, got {input.Shape}; put Flatten before it where there are several dimensions.");
        var features = input.Shape[^1];
        var y = input.MatMul(Layers.Reparameterization.Weights(Reparameterization, context, [_features, features], WeightInitializer, input.Type), transposeB: true);
        if (!HasBias) return y;
        return y + context.Variable("bias", [_features], BiasInitializer ?? Initializers.BiasUniform(features), type: input.Type);
    }
}
