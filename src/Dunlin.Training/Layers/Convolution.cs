using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Convolution over some spatial dimensions: x[N, C, S…] gives y[N, O, T…]; see <see cref="Conv"/>. Variables: weight[O, C / groups, K…], bias[O].
/// </summary>
public abstract class Convolution : Layer
{
    private readonly int _dimensions;
    private readonly int _channels;
    private readonly Shape _kernel;
    private readonly Shape _strides;
    private readonly Padding _padding;
    private readonly Shape _dilations;
    private readonly int _groups;

    private protected Convolution(int dimensions, int channels, Sizes kernel, Sizes stride, Padding padding, Sizes dilation, int groups, bool bias)
    {
        var owner = GetType().Name;
        Require.AtLeast(owner, channels, 1);
        Require.AtLeast(owner, groups, 1);
        Require.That(owner, groups, channels % groups == 0, $"a divisor of the {channels} output channels");
        (_dimensions, _channels, _padding, _groups, HasBias) = (dimensions, channels, padding, groups, bias);
        (_kernel, _strides, _dilations) = (kernel.Expand(dimensions, owner, nameof(kernel), 1), stride.Expand(dimensions, owner, nameof(stride), 1), dilation.Expand(dimensions, owner, nameof(dilation), 1));
    }

    /// <summary>Whether a bias is added.</summary>
    public bool HasBias { get; }

    /// <summary>How weights start.</summary>
    /// <value><see cref="Initializers.FanInUniform"/> unless set.</value>
    public Initializer WeightInitializer { get; init; } = Initializers.FanInUniform();

    /// <summary>How the bias starts; null for uniform in ±1/√(C / groups · K…), as the weights' default.</summary>
    public Initializer? BiasInitializer { get; init; }

    /// <summary>What stands in place of the weights.</summary>
    /// <value>Null, the weights themselves, unless set.</value>
    public Reparameterization? Reparameterization { get; init; }

    /// <summary>The output channels and groups for a number of input channels.</summary>
    private protected virtual (int Channels, int Groups) For(int inputs) => (_channels, _groups);

    /// <inheritdoc/>
    protected internal sealed override Value Build(BuildContext context, Value input)
    {
        var shape = input.Shape;
        if (shape.Rank != _dimensions + 2 || shape[1] == Shape.Unknown)
            throw new ShapeException($"expected x[N, C, S…] with {_dimensions} spatial dimensions and a known number of channels, got {shape}.");
        var (channels, groups) = For(shape[1]);
        if (shape[1] % groups != 0) throw new ShapeException($"{shape[1]} input channels can't be divided into {groups} groups.");
        var weights = Shape.Of(channels, shape[1] / groups).Append(_kernel.Dimensions);
        var w = Layers.Reparameterization.Weights(Reparameterization, context, weights, WeightInitializer, input.Type);
        var y = input.Conv(w, _padding.Over(shape, _kernel, _strides, _dilations, groups));
        return HasBias ? AddBias(context, y, BiasInitializer ?? Initializers.BiasUniform(weights[1..].ElementCount)) : y;
    }

    /// <summary>y[N, O, T…] + bias[O].</summary>
    internal static Value AddBias(BuildContext context, Value y, Initializer initializer)
    {
        var bias = context.Variable("bias", [y.Shape[1]], initializer, type: y.Type);
        return y + bias.Value.Reshape(Shape.Of(y.Shape[1]).Append([.. Enumerable.Repeat(1, y.Shape.Rank - 2)]));
    }
}

/// <summary>Convolution of sequences: x[N, C, L] gives y[N, O, L'].</summary>
/// <inheritdoc cref="Conv2d(int, Sizes, Sizes?, Padding, Sizes?, int, bool)"/>
public sealed class Conv1d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, int groups = 1, bool bias = true)
    : Convolution(1, channels, kernel, stride ?? 1, padding, dilation ?? 1, groups, bias);

/// <summary>Convolution of images: x[N, C, H, W] gives y[N, O, H', W'].</summary>
/// <param name="channels">Output channels, at least 1.</param>
/// <param name="kernel">The window, at least 1.</param>
/// <param name="stride">How far the window moves, at least 1; 1 unless given.</param>
/// <param name="padding">Zeros around the input: a number, <see cref="Padding.Same"/> or <see cref="Padding.Valid"/>.</param>
/// <param name="dilation">Distance between the window's taps, at least 1; 1 unless given.</param>
/// <param name="groups">Groups of channels that do not mix.</param>
/// <param name="bias">Whether to add a bias.</param>
public sealed class Conv2d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, int groups = 1, bool bias = true)
    : Convolution(2, channels, kernel, stride ?? 1, padding, dilation ?? 1, groups, bias);

/// <summary>Convolution of volumes: x[N, C, D, H, W] gives y[N, O, D', H', W'].</summary>
/// <inheritdoc cref="Conv2d(int, Sizes, Sizes?, Padding, Sizes?, int, bool)"/>
public sealed class Conv3d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, int groups = 1, bool bias = true)
    : Convolution(3, channels, kernel, stride ?? 1, padding, dilation ?? 1, groups, bias);
