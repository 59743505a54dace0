using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>y = inner(x) + shortcut(x); without a shortcut, y = inner(x) + x (He et al., 2015).</summary>
/// <param name="inner">The layer to go around; its output has the shape of the shortcut's.</param>
/// <param name="shortcut">What x passes through, such as a 1 × 1 convolution that fits the shapes to each other.</param>
public sealed class Residual(Layer inner, Layer? shortcut = null) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var around = context.Apply(inner, input);
        var straight = shortcut is null ? input : context.Apply(shortcut, input);
        return around.Shape.Accepts(straight.Shape) ? around + straight : throw new ShapeException($"the inner layer gives {around.Shape}, the shortcut {straight.Shape}; they have to be equal.");
    }
}
