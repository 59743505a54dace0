using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>Convolution of each channel by itself: x[N, C, S…] gives y[N, C · multiplier, T…]. Variables: weight[C · multiplier, 1, K…], bias[C · multiplier].</summary>
public abstract class DepthwiseConvolution : Convolution
{
    private readonly int _multiplier;

    private protected DepthwiseConvolution(int dimensions, Sizes kernel, int multiplier, Sizes stride, Padding padding, Sizes dilation, bool bias)
        : base(dimensions, multiplier, kernel, stride, padding, dilation, groups: 1, bias) => _multiplier = multiplier;

    private protected override (int Channels, int Groups) For(int inputs) => (checked(inputs * _multiplier), Math.Max(1, inputs));
}

/// <summary>Convolution of each channel of sequences by itself: x[N, C, L] gives y[N, C · multiplier, L'].</summary>
/// <inheritdoc cref="DepthwiseConv2d(Sizes, int, Sizes?, Padding, Sizes?, bool)"/>
public sealed class DepthwiseConv1d(Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : DepthwiseConvolution(1, kernel, multiplier, stride ?? 1, padding, dilation ?? 1, bias);

/// <summary>Convolution of each channel of images by itself: x[N, C, H, W] gives y[N, C · multiplier, H', W'].</summary>
/// <param name="kernel">The window, at least 1.</param>
/// <param name="multiplier">Output channels for each input channel, at least 1.</param>
/// <param name="stride">How far the window moves, at least 1; 1 unless given.</param>
/// <param name="padding">Zeros around the input: a number, <see cref="Padding.Same"/> or <see cref="Padding.Valid"/>.</param>
/// <param name="dilation">Distance between the window's taps, at least 1; 1 unless given.</param>
/// <param name="bias">Whether to add a bias.</param>
public sealed class DepthwiseConv2d(Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : DepthwiseConvolution(2, kernel, multiplier, stride ?? 1, padding, dilation ?? 1, bias);

/// <summary>Convolution of each channel of volumes by itself: x[N, C, D, H, W] gives y[N, C · multiplier, D', H', W'].</summary>
/// <inheritdoc cref="DepthwiseConv2d(Sizes, int, Sizes?, Padding, Sizes?, bool)"/>
public sealed class DepthwiseConv3d(Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : DepthwiseConvolution(3, kernel, multiplier, stride ?? 1, padding, dilation ?? 1, bias);

/// <summary>
/// A depthwise convolution without bias and then one of window 1 that mixes the channels (Chollet, 2017): x[N, C, S…] gives y[N, O, T…].
/// Variables: depthwise/weight[C · multiplier, 1, K…], pointwise/weight[O, C · multiplier, 1…], pointwise/bias[O].
/// </summary>
public abstract class SeparableConvolution : Layer
{
    private readonly Convolution _depthwise;
    private readonly Convolution _pointwise;

    private protected SeparableConvolution(Convolution depthwise, Convolution pointwise) => (_depthwise, _pointwise) = (depthwise, pointwise);

    /// <inheritdoc/>
    protected internal sealed override Value Build(BuildContext context, Value input) => context.Apply(_pointwise, context.Apply(_depthwise, input));
}

/// <summary>Separable convolution of sequences: x[N, C, L] gives y[N, O, L'].</summary>
/// <inheritdoc cref="SeparableConv2d(int, Sizes, int, Sizes?, Padding, Sizes?, bool)"/>
public sealed class SeparableConv1d(int channels, Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : SeparableConvolution(new DepthwiseConv1d(kernel, multiplier, stride, padding, dilation, bias: false) { Name = "depthwise" }, new Conv1d(channels, 1, bias: bias) { Name = "pointwise" });

/// <summary>Separable convolution of images: x[N, C, H, W] gives y[N, O, H', W'].</summary>
/// <param name="channels">Output channels, at least 1.</param>
/// <param name="kernel">The depthwise window, at least 1.</param>
/// <param name="multiplier">Channels between the two for each input channel, at least 1.</param>
/// <param name="stride">How far the depthwise window moves, at least 1; 1 unless given.</param>
/// <param name="padding">Zeros around the input: a number, <see cref="Padding.Same"/> or <see cref="Padding.Valid"/>.</param>
/// <param name="dilation">Distance between the depthwise window's taps, at least 1; 1 unless given.</param>
/// <param name="bias">Whether to add a bias in the end.</param>
public sealed class SeparableConv2d(int channels, Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : SeparableConvolution(new DepthwiseConv2d(kernel, multiplier, stride, padding, dilation, bias: false) { Name = "depthwise" }, new Conv2d(channels, 1, bias: bias) { Name = "pointwise" });

/// <summary>Separable convolution of volumes: x[N, C, D, H, W] gives y[N, O, D', H', W'].</summary>
/// <inheritdoc cref="SeparableConv2d(int, Sizes, int, Sizes?, Padding, Sizes?, bool)"/>
public sealed class SeparableConv3d(int channels, Sizes kernel, int multiplier = 1, Sizes? stride = null, Padding padding = default, Sizes? dilation = null, bool bias = true)
    : SeparableConvolution(new DepthwiseConv3d(kernel, multiplier, stride, padding, dilation, bias: false) { Name = "depthwise" }, new Conv3d(channels, 1, bias: bias) { Name = "pointwise" });
