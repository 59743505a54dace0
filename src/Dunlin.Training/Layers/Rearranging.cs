using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>Enlarges all spatial dimensions by a whole factor, by the nearest neighbour: x[N, C, S…] gives y[N, C, S · factor…].</summary>
/// <param name="factor">At least 1.</param>
public sealed class UpsampleNearest(int factor) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.UpsampleNearest(factor);
}

/// <summary>Channels as blocks of space (Shi et al., 2016): x[N, C · factorᴰ, S…] gives y[N, C, S · factor…].</summary>
/// <param name="factor">At least 1.</param>
public sealed class PixelShuffle(int factor) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.PixelShuffle(factor);
}

/// <summary>Blocks of space as channels, the inverse of <see cref="PixelShuffle"/>: x[N, C, S…] gives y[N, C · factorᴰ, S / factor…].</summary>
/// <param name="factor">At least 1; divides the spatial lengths.</param>
public sealed class PixelUnshuffle(int factor) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.PixelUnshuffle(factor);
}

/// <summary>Deals the channels of each group to all groups (Zhang et al., 2018).</summary>
/// <param name="groups">Divides the channels; at least 1.</param>
public sealed class ChannelShuffle(int groups) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.ChannelShuffle(groups);
}
