using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Each element of the gradient at most so far from 0. Sparse gradients become dense, as elements that occur again have to be summed first.</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByValue(double Limit) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Select(p => p.Map(g => g.Clip(-Limit, Limit)))];
}

/// <summary>Each gradient times limit / max(limit, ‖g‖): no longer than the limit. Sparse gradients stay sparse.</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByNorm(double Limit) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Select(p => p.Scaled(Norms.Factor(Norms.SquareOf(p), Limit)))];
}

/// <summary>All gradients times limit / max(limit, ‖all g‖): together no longer than the limit (Pascanu et al., 2013). Sparse gradients stay sparse.</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByGlobalNorm(double Limit) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        if (parameters.Count == 0) return parameters;
        var factor = Norms.Factor(parameters.Select(Norms.SquareOf).Aggregate((a, b) => a + b), Limit);
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}

/// <summary>Lengths of gradients.</summary>
internal static class Norms
{
    /// <summary>‖g‖² as a Float32 scalar.</summary>
    public static Value SquareOf(Parameter parameter) => parameter.Gradient.Dense().Cast(DType.Float32).Square().Sum();

    public static Value Factor(Value square, double limit) => limit / square.Sqrt().Maximum(square.Number(limit));
}
