using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Transposed convolution over some spatial dimensions: x[N, C, T…] gives y[N, O, S…]; see <see cref="ConvTranspose"/>. Variables: weight[C, O / groups, K…], bias[O].
/// </summary>
public abstract class TransposedConvolution : Layer
{
    private readonly int _dimensions;
    private readonly int _channels;
    private readonly Shape _kernel;
    private readonly Shape _strides;
    private readonly Padding _padding;
    private readonly Shape _outputPadding;
    private readonly Shape _dilations;
    private readonly int _groups;

    private protected TransposedConvolution(int dimensions, int channels, Sizes kernel, Sizes stride, Padding padding, Sizes outputPadding, Sizes dilation, int groups, bool bias)
    {
        var owner = GetType().Name;
        Require.AtLeast(owner, channels, 1);
        Require.AtLeast(owner, groups, 1);
        Require.That(owner, groups, channels % groups == 0, $"a divisor of the {channels} output channels");
        (_dimensions, _channels, _padding, _groups, HasBias) = (dimensions, channels, padding, groups, bias);
        (_kernel, _strides, _dilations) = (kernel.Expand(dimensions, owner, nameof(kernel), 1), stride.Expand(dimensions, owner, nameof(stride), 1), dilation.Expand(dimensions, owner, nameof(dilation), 1));
        _outputPadding = outputPadding.Expand(dimensions, owner, nameof(outputPadding), 0);
    }

    /// <summary>Whether a bias is added.</summary>
    public bool HasBias { get; }

    /// <summary>How weights start.</summary>
    /// <value><see cref="Initializers.FanInUniform"/> unless set; as in PyTorch, fan-in is that of the convolution which this is the transpose of.</value>
    public Initializer WeightInitializer { get; init; } = Initializers.FanInUniform();

    /// <summary>How the bias starts; null for uniform in ±1/√(O / groups · K…), as the weights' default.</summary>
    public Initializer? BiasInitializer { get; init; }

    /// <inheritdoc/>
    protected internal sealed override Value Build(BuildContext context, Value input)
    {
        var shape = input.Shape;
        if (shape.Rank != _dimensions + 2 || shape[1] == Shape.Unknown)
            throw new ShapeException($"expected x[N, C, T…] with {_dimensions} spatial dimensions and a known number of channels, got {shape}.");
        if (shape[1] % _groups != 0) throw new ShapeException($"{shape[1]} input channels can't be divided into {_groups} groups.");
        var weights = Shape.Of(shape[1], _channels / _groups).Append(_kernel.Dimensions);
        var (sliding, outputPadding) = _padding.Transposed(_kernel, _strides, _dilations, _outputPadding, _groups);
        var y = input.ConvTranspose(context.Variable("weight", weights, WeightInitializer, type: input.Type), sliding, outputPadding);
        return HasBias ? Convolution.AddBias(context, y, BiasInitializer ?? Initializers.BiasUniform(weights[1..].ElementCount)) : y;
    }
}

/// <summary>Transposed convolution of sequences: x[N, C, L] gives y[N, O, L'].</summary>
/// <inheritdoc cref="ConvTranspose2d(int, Sizes, Sizes?, Padding, Sizes?, Sizes?, int, bool)"/>
public sealed class ConvTranspose1d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? outputPadding = null, Sizes? dilation = null, int groups = 1, bool bias = true)
    : TransposedConvolution(1, channels, kernel, stride ?? 1, padding, outputPadding ?? 0, dilation ?? 1, groups, bias);

/// <summary>Transposed convolution of images: x[N, C, H, W] gives y[N, O, H', W'].</summary>
/// <param name="channels">Output channels, at least 1.</param>
/// <param name="kernel">The window, at least 1.</param>
/// <param name="stride">How many times larger the output is, about; 1 unless given.</param>
/// <param name="padding">What is cut off around the output: a number, <see cref="Padding.Same"/> (the input's lengths times the stride) or <see cref="Padding.Valid"/>.</param>
/// <param name="outputPadding">What is added at the ends of the output, less than the stride; 0 unless given, and not counted with <see cref="Padding.Same"/>.</param>
/// <param name="dilation">Distance between the window's taps, at least 1; 1 unless given.</param>
/// <param name="groups">Groups of channels that do not mix.</param>
/// <param name="bias">Whether to add a bias.</param>
public sealed class ConvTranspose2d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? outputPadding = null, Sizes? dilation = null, int groups = 1, bool bias = true)
    : TransposedConvolution(2, channels, kernel, stride ?? 1, padding, outputPadding ?? 0, dilation ?? 1, groups, bias);

/// <summary>Transposed convolution of volumes: x[N, C, D, H, W] gives y[N, O, D', H', W'].</summary>
/// <inheritdoc cref="ConvTranspose2d(int, Sizes, Sizes?, Padding, Sizes?, Sizes?, int, bool)"/>
public sealed class ConvTranspose3d(int channels, Sizes kernel, Sizes? stride = null, Padding padding = default, Sizes? outputPadding = null, Sizes? dilation = null, int groups = 1, bool bias = true)
    : TransposedConvolution(3, channels, kernel, stride ?? 1, padding, outputPadding ?? 0, dilation ?? 1, groups, bias);
