using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Normalisation of groups of neighbouring channels of each example (Wu and He, 2018): y = scale · (x − mean) / √(variance + ε) + shift. The same in training and
/// inference, whatever the batch. Variables: scale[C], shift[C].
/// </summary>
/// <param name="groups">Divides the channels; at least 1.</param>
/// <param name="epsilon">Keeps the root away from 0.</param>
public sealed class GroupNorm(int groups, double epsilon = 1e-5) : Layer
{
    private readonly int _groups = Require.AtLeast(nameof(GroupNorm), groups, 1);
    private readonly double _epsilon = Require.AtLeast(nameof(GroupNorm), epsilon, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var (scale, shift) = Channels.ScaleAndShift(context, input);
        return input.GroupNorm(_groups, scale, shift, _epsilon);
    }
}

/// <summary>
/// Normalisation of each channel of each example over its spatial dimensions (Ulyanov et al., 2016): y = scale · (x − mean) / √(variance + ε) + shift. Variables: scale[C],
/// shift[C].
/// </summary>
/// <param name="epsilon">Keeps the root away from 0.</param>
public sealed class InstanceNorm(double epsilon = 1e-5) : Layer
{
    private readonly double _epsilon = Require.AtLeast(nameof(InstanceNorm), epsilon, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var (scale, shift) = Channels.ScaleAndShift(context, input);
        return input.InstanceNorm(scale, shift, _epsilon);
    }
}

/// <summary>Division of the last dimension by its root mean square (Zhang and Sennrich, 2019): y = scale · x / √(mean(x²) + ε). Variable: scale[D].</summary>
/// <param name="epsilon">Keeps the root away from 0.</param>
public sealed class RmsNorm(double epsilon = 1e-6) : Layer
{
    private readonly double _epsilon = Require.AtLeast(nameof(RmsNorm), epsilon, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        if (input.Shape.Rank < 2 || input.Shape[^1] == Shape.Unknown) throw new ShapeException($"expected x[batch, …, D] with a known number of features, got {input.Shape}.");
        return input.RmsNorm(context.Variable("scale", [input.Shape[^1]], Initializers.Ones, type: input.Type), _epsilon);
    }
}

/// <summary>Local response normalisation across channels (Krizhevsky et al., 2012): y = x / (k + α / n · Σ x²)ᵝ over n neighbouring channels of x[N, C, S…].</summary>
/// <param name="size">n, at least 1.</param>
/// <param name="alpha">α.</param>
/// <param name="beta">β.</param>
/// <param name="k">k.</param>
public sealed class LocalResponseNorm(int size = 5, double alpha = 1e-4, double beta = 0.75, double k = 1) : Layer
{
    private readonly int _size = Require.AtLeast(nameof(LocalResponseNorm), size, 1);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.LocalResponseNorm(_size, alpha, beta, k);
}

/// <summary>Vectors along one dimension divided by their lengths: x / max(‖x‖₂, ε).</summary>
/// <param name="axis">The dimension; a negative one counts from the last.</param>
/// <param name="epsilon">Keeps the divisor away from 0.</param>
public sealed class L2Normalize(int axis = 1, double epsilon = 1e-12) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.L2Normalize([axis], epsilon);
}

/// <summary>Variables with an element for each channel.</summary>
internal static class Channels
{
    public static (Variable Scale, Variable Shift) ScaleAndShift(BuildContext context, Value input)
    {
        if (input.Shape.Rank < 2 || input.Shape[1] == Shape.Unknown) throw new ShapeException($"expected x[N, C, …] with a known number of channels, got {input.Shape}.");
        Shape channels = [input.Shape[1]];
        return (context.Variable("scale", channels, Initializers.Ones, type: input.Type), context.Variable("shift", channels, Initializers.Zeros, type: input.Type));
    }
}
