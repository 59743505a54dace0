using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Each element of the gradient at most so far from 0.</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByValue(double Limit) : GradientTransform
{
    /// <inheritdoc cref="ClipByValue"/>
    public double Limit { get; } = Require.Above(nameof(ClipByValue), Limit, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Select(p => p.Map(g => g.Clip(-Limit, Limit)))];
}

/// <summary>Each gradient times limit / max(limit, ‖g‖): no longer than the limit.</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByNorm(double Limit) : GradientTransform
{
    /// <inheritdoc cref="ClipByNorm"/>
    public double Limit { get; } = Require.Above(nameof(ClipByNorm), Limit, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override LengthsUsed Lengths => LengthsUsed.OfEach;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Zip(context.SquaresOf([.. parameters.Select(p => (p, p.Gradient))]), (p, square) => p.Scaled(Norms.Factor(square, Limit)))];
}

/// <summary>All gradients times limit / max(limit, ‖all g‖): together no longer than the limit (Pascanu et al., 2013).</summary>
/// <param name="Limit">Above 0.</param>
public sealed record ClipByGlobalNorm(double Limit) : GradientTransform
{
    /// <inheritdoc cref="ClipByGlobalNorm"/>
    public double Limit { get; } = Require.Above(nameof(ClipByGlobalNorm), Limit, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override LengthsUsed Lengths => LengthsUsed.OfAll;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        if (parameters.Count == 0) return parameters;
        var factor = Norms.Factor(context.SquaresOf([.. parameters.Select(p => (p, p.Gradient))]).Select(s => s.Cast(DType.Float64)).Aggregate((a, b) => a + b), Limit);
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}

/// <summary>Lengths of gradients and weights; of what is sparse, of the touched rows together.</summary>
internal static class Norms
{
    /// <summary>‖x‖² as a scalar: Float64 of such, else Float32.</summary>
    public static Value SquareOf(Value x) => (x.Type == DType.Float64 ? x : x.Cast(DType.Float32)).Square().Sum();

    /// <summary>‖w‖ and ‖g‖ of weights and gradient of each parameter.</summary>
    public static IReadOnlyList<(Value Weights, Value Gradient)> Of(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var squares = context.SquaresOf([.. parameters.SelectMany(p => new[] { (p, p.Weights), (p, p.Gradient) })]);
        return [.. Enumerable.Range(0, parameters.Count).Select(i => (squares[2 * i].Sqrt(), squares[2 * i + 1].Sqrt()))];
    }

    /// <summary>The parameters, those that count changed by a function of ‖w‖ and ‖g‖.</summary>
    public static IReadOnlyList<Parameter> Map(OptimizerContext context, IReadOnlyList<Parameter> parameters, Predicate<Parameter> counts, Func<Parameter, Value, Value, Parameter> change)
    {
        List<Parameter> counted = [.. parameters.Where(p => counts(p))];
        var changed = counted.Zip(Of(context, counted), (p, norms) => (p.Variable, Parameter: change(p, norms.Weights, norms.Gradient))).ToDictionary(c => c.Variable, c => c.Parameter);
        return [.. parameters.Select(p => changed.GetValueOrDefault(p.Variable, p))];
    }

    public static Value Factor(Value square, double limit) => limit / square.Sqrt().Maximum(square.Number(limit));
}
