using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>Normalisation over the last dimension (Ba et al., 2016): y = scale · (x − mean) / √(variance + ε) + shift. Variables: scale[D], shift[D].</summary>
/// <param name="epsilon">Keeps the root away from 0.</param>
public sealed class LayerNorm(double epsilon = 1e-5) : Layer
{
    private readonly double _epsilon = Require.AtLeast(nameof(LayerNorm), epsilon, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        if (input.Shape.Rank < 2 || input.Shape[^1] == Shape.Unknown) throw new ShapeException($"expected x[batch, …, D] with a known number of features, got {input.Shape}.");
        Shape features = [input.Shape[^1]];
        return input.LayerNorm(
            context.Variable("scale", features, Initializers.Ones, type: input.Type), context.Variable("shift", features, Initializers.Zeros, type: input.Type), _epsilon);
    }
}
