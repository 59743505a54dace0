using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>The mean over all spatial dimensions: x[N, C, S…] gives y[N, C].</summary>
public sealed class GlobalAveragePool : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.GlobalAveragePool();
}

/// <summary>The largest element of each channel: x[N, C, S…] gives y[N, C].</summary>
public sealed class GlobalMaxPool : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.GlobalMaxPool();
}

/// <summary>The mean of each of some parts of almost equal size: x[N, C, S…] of 1 to 3 spatial dimensions gives y[N, C, size…], whatever the input's lengths.</summary>
/// <param name="size">The output's spatial lengths, at least 1.</param>
public sealed class AdaptiveAveragePool(Sizes size) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.AdaptiveAveragePool(size.Expand(Spatial.Of(input), Kind, nameof(size), 1));
}

/// <summary>The largest element of each of some parts of almost equal size: x[N, C, S…] of 1 to 3 spatial dimensions gives y[N, C, size…], whatever the input's lengths.</summary>
/// <param name="size">The output's spatial lengths, at least 1.</param>
public sealed class AdaptiveMaxPool(Sizes size) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.AdaptiveMaxPool(size.Expand(Spatial.Of(input), Kind, nameof(size), 1)).Y;
}

/// <summary>
/// The largest element of windows at random places (Graham, 2014): x[N, C, S…] of 1 to 3 spatial dimensions gives y[N, C, size…]. In inference the places are those in the
/// middle of what is possible, the same for all.
/// </summary>
/// <param name="window">The window, at least 1.</param>
/// <param name="size">The output's spatial lengths, such that size + window − 1 ≤ S.</param>
public sealed class FractionalMaxPool(Sizes window, Sizes size) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var spatial = Spatial.Of(input);
        var (windows, lengths) = (window.Expand(spatial, Kind, nameof(window), 1), size.Expand(spatial, Kind, nameof(size), 1));
        if (context.IsTraining) return input.FractionalMaxPool(context.Counter, windows, lengths, context.Seed, context.NextStream()).Y;
        var middle = input.GlobalAveragePool().ExpandDims(-1).BroadcastTo([Shape.Unknown, Shape.Unknown, spatial]).ZerosLike() + 0.5;
        return input.FractionalMaxPool(middle, windows, lengths).Y;
    }
}

/// <summary>(Σ |x|ᵖ)^(1/p) of each window: x[N, C, S…] of 1 to 3 spatial dimensions gives y[N, C, T…].</summary>
/// <param name="p">Greater than 0.</param>
/// <param name="window">The window, at least 1.</param>
/// <param name="stride">How far it moves; its own size unless given.</param>
/// <param name="padding">Padding, less than the window.</param>
public sealed class LpPool(double p, Sizes window, Sizes? stride = null, Padding padding = default) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var spatial = Spatial.Of(input);
        var windows = window.Expand(spatial, Kind, nameof(window), 1);
        var strides = (stride ?? window).Expand(spatial, Kind, nameof(stride), 1);
        return input.LpPool(p, windows, padding.Over(input.Shape, windows, strides, Shape.Create([.. Enumerable.Repeat(1, spatial)])));
    }
}

/// <summary>Inputs with spatial dimensions.</summary>
internal static class Spatial
{
    /// <summary>How many spatial dimensions there are.</summary>
    public static int Of(Value input) => input.Shape.Rank is >= 3 and <= 5 ? input.Shape.Rank - 2 : throw new ShapeException($"expected x[N, C, S…] with 1 to 3 spatial dimensions, got {input.Shape}.");
}
