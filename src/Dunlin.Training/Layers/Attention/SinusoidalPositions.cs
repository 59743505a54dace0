using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Adds to each place of a sequence what tells where it is (Vaswani et al., 2017): x[…, T, D] gives y = x + p with p[t, 2i] = sin(t / base^(2i / D)) and
/// p[t, 2i + 1] = cos(t / base^(2i / D)). No variables; any length.
/// </summary>
/// <param name="period">The base: the longest wavelength is 2π times as many places.</param>
public sealed class SinusoidalPositions(double period = 10_000) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var features = input.Shape.Rank >= 2 ? input.Shape[^1] : Shape.Unknown;
        if (features == Shape.Unknown || features % 2 != 0) throw new ShapeException($"expected x[…, T, D] with a known even number of features, got {input.Shape}.");
        var rates = Tensor.From([.. Enumerable.Range(0, features / 2).Select(i => (float)Math.Pow(period, -2.0 * i / features))]);
        // Only shapes are read, so the number of places may be unknown; 16 bits would not hold the larger places.
        var one = input.StridedSlice([.. Enumerable.Repeat<Slicing>(0..1, input.Shape.Rank - 2), Slicing.All, 0..1]);
        var places = one.FillLike(one.Graph.Constant(1)).CumSum(-2, exclusive: true);
        var angles = places * input.Graph.Constant(rates);
        return input + Operations.Stack([angles.Sin(), angles.Cos()], -1).JoinLastTwo().Cast(input.Type);
    }
}
