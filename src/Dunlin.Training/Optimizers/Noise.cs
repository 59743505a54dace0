using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>u = g + noise, normal with mean 0 and variance scale / (1 + t)^decay, t being the updates before (Neelakantan et al., 2015).</summary>
/// <param name="Variance">The variance at the first update, at least 0.</param>
/// <param name="Decay">How fast the noise falls; at least 0.</param>
/// <param name="Seed">The seed, the same on all workers.</param>
public sealed record AddNoise(double Variance = 0.01, double Decay = 0.55, ulong Seed = 0) : GradientTransform
{
    /// <inheritdoc cref="AddNoise"/>
    public double Variance { get; } = Require.AtLeast(nameof(AddNoise), Variance, 0);

    /// <inheritdoc cref="AddNoise"/>
    public double Decay { get; } = Require.AtLeast(nameof(AddNoise), Decay, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var deviation = Math.Sqrt(Variance) * Scalar.Exp(Scalar.Log(context.Count) * (-Decay / 2));
        return [.. parameters.Select(p => p.Map(g => g + Draw(context, p, PhiloxKey.StreamOf($"noise/{p.Variable.Name}")) * deviation))];
    }

    /// <summary>Noise like the gradient; of a piece, the piece of the whole's, so that it does not depend on how many workers there are.</summary>
    private Value Draw(OptimizerContext context, Parameter p, uint stream) => p.Cut is null
        ? p.Gradient.RandomNormalLike(context.Step, Seed, stream)
        : p.PartOf(Operations.RandomNormal(context.Step, p.Shape, Seed, stream, type: p.Gradient.Type));
}

/// <summary>
/// u = g − mean of g over all dimensions but the first, that is, over the inputs of each unit of a weight[out, in, …] (Yong et al., 2020). Variables of
/// fewer than two dimensions keep their gradients.
/// </summary>
public sealed record Centralize : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Select(p => p.Shape.Rank is >= 2 and var rank
            ? p.Map(g => g - g.Mean([.. Enumerable.Range(1, rank - 1)], keepDimensions: true))
            : p)];
}
