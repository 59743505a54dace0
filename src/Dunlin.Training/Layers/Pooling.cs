using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>A window without weights over some spatial dimensions: x[N, C, S…] gives y[N, C, T…].</summary>
public abstract class Pooling : Layer
{
    private readonly int _dimensions;
    private readonly Shape _window;
    private readonly Shape _strides;
    private readonly Padding _padding;

    private protected Pooling(int dimensions, Sizes window, Sizes? stride, Padding padding)
    {
        _dimensions = dimensions;
        _window = window.Expand(dimensions, GetType().Name, nameof(window), 1);
        _strides = (stride ?? window).Expand(dimensions, GetType().Name, nameof(stride), 1);
        _padding = padding;
    }

    /// <inheritdoc/>
    protected internal sealed override Value Build(BuildContext context, Value input) => input.Shape.Rank == _dimensions + 2
        ? Pool(input, _window, _padding.Over(input.Shape, _window, _strides, Shape.Create([.. Enumerable.Repeat(1, _dimensions)])))
        : throw new ShapeException($"expected x[N, C, S…] with {_dimensions} spatial dimensions, got {input.Shape}.");

    private protected abstract Value Pool(Value input, Shape window, Sliding sliding);
}

/// <summary>The largest element of each window.</summary>
public abstract class MaxPooling : Pooling
{
    private protected MaxPooling(int dimensions, Sizes window, Sizes? stride, Padding padding) : base(dimensions, window, stride, padding) { }

    private protected sealed override Value Pool(Value input, Shape window, Sliding sliding) => input.MaxPool(window, sliding);
}

/// <summary>The largest element of each window of sequences: x[N, C, L] gives y[N, C, L'].</summary>
/// <inheritdoc cref="MaxPool2d(Sizes, Sizes?, Padding)"/>
public sealed class MaxPool1d(Sizes window, Sizes? stride = null, Padding padding = default) : MaxPooling(1, window, stride, padding);

/// <summary>The largest element of each window of images: x[N, C, H, W] gives y[N, C, H', W'].</summary>
/// <param name="window">The window, at least 1.</param>
/// <param name="stride">How far it moves; its own size unless given.</param>
/// <param name="padding">Padding, less than the window; it never wins.</param>
public sealed class MaxPool2d(Sizes window, Sizes? stride = null, Padding padding = default) : MaxPooling(2, window, stride, padding);

/// <summary>The largest element of each window of volumes: x[N, C, D, H, W] gives y[N, C, D', H', W'].</summary>
/// <inheritdoc cref="MaxPool2d(Sizes, Sizes?, Padding)"/>
public sealed class MaxPool3d(Sizes window, Sizes? stride = null, Padding padding = default) : MaxPooling(3, window, stride, padding);

/// <summary>The mean of each window.</summary>
public abstract class AveragePooling : Pooling
{
    private readonly bool _includePadding;

    private protected AveragePooling(int dimensions, Sizes window, Sizes? stride, Padding padding, bool includePadding) : base(dimensions, window, stride, padding) =>
        _includePadding = includePadding;

    private protected sealed override Value Pool(Value input, Shape window, Sliding sliding) => input.AveragePool(window, sliding, _includePadding);
}

/// <summary>The mean of each window of sequences: x[N, C, L] gives y[N, C, L'].</summary>
/// <inheritdoc cref="AveragePool2d(Sizes, Sizes?, Padding, bool)"/>
public sealed class AveragePool1d(Sizes window, Sizes? stride = null, Padding padding = default, bool includePadding = false) : AveragePooling(1, window, stride, padding, includePadding);

/// <summary>The mean of each window of images: x[N, C, H, W] gives y[N, C, H', W'].</summary>
/// <param name="window">The window, at least 1.</param>
/// <param name="stride">How far it moves; its own size unless given.</param>
/// <param name="padding">Padding, less than the window.</param>
/// <param name="includePadding">Whether padding counts as zeros.</param>
public sealed class AveragePool2d(Sizes window, Sizes? stride = null, Padding padding = default, bool includePadding = false) : AveragePooling(2, window, stride, padding, includePadding);

/// <summary>The mean of each window of volumes: x[N, C, D, H, W] gives y[N, C, D', H', W'].</summary>
/// <inheritdoc cref="AveragePool2d(Sizes, Sizes?, Padding, bool)"/>
public sealed class AveragePool3d(Sizes window, Sizes? stride = null, Padding padding = default, bool includePadding = false) : AveragePooling(3, window, stride, padding, includePadding);
