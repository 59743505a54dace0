using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>A window over two spatial dimensions without weights.</summary>
public abstract class Pooling2d : Layer
{
    private readonly Shape _window;
    private readonly Shape _strides;
    private readonly Padding _padding;

    private protected Pooling2d(Sizes window, Sizes? stride, Padding padding)
    {
        _window = window.Expand(2, nameof(window), 1);
        _strides = (stride ?? window).Expand(2, nameof(stride), 1);
        _padding = padding;
    }

    /// <inheritdoc/>
    protected internal sealed override Value Build(BuildContext context, Value input) => input.Shape.Rank == 4
        ? Pool(input, _window, _padding.Over(input.Shape, _window, _strides, [1, 1]))
        : throw new ShapeException($"expected x[N, C, H, W], got {input.Shape}.");

    private protected abstract Value Pool(Value input, Shape window, Sliding sliding);
}

/// <summary>The largest element of each window: x[N, C, H, W] gives y[N, C, H', W'].</summary>
/// <param name="window">The window, at least 1.</param>
/// <param name="stride">How far it moves; its own size unless given.</param>
/// <param name="padding">Padding, less than the window; it never wins.</param>
public sealed class MaxPool2d(Sizes window, Sizes? stride = null, Padding padding = default) : Pooling2d(window, stride, padding)
{
    private protected override Value Pool(Value input, Shape window, Sliding sliding) => input.MaxPool(window, sliding);
}

/// <summary>The mean of each window: x[N, C, H, W] gives y[N, C, H', W'].</summary>
/// <param name="window">The window, at least 1.</param>
/// <param name="stride">How far it moves; its own size unless given.</param>
/// <param name="padding">Padding, less than the window.</param>
/// <param name="includePadding">Whether padding counts as zeros.</param>
public sealed class AveragePool2d(Sizes window, Sizes? stride = null, Padding padding = default, bool includePadding = false) : Pooling2d(window, stride, padding)
{
    private protected override Value Pool(Value input, Shape window, Sliding sliding) => input.AveragePool(window, sliding, includePadding);
}

/// <summary>The mean over all spatial dimensions: x[N, C, S…] gives y[N, C].</summary>
public sealed class GlobalAveragePool : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Shape.Rank >= 3
        ? input.Mean([.. Enumerable.Range(2, input.Shape.Rank - 2)])
        : throw new ShapeException($"expected x[N, C, S…], got {input.Shape}.");
}
