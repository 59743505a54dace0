using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>x where positive, else slope · x.</summary>
/// <param name="slope">From 0 to 1.</param>
public sealed class LeakyRelu(double slope = 0.01) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.LeakyRelu(slope);
}

/// <summary>x where positive, else alpha · (eˣ − 1) (Clevert et al., 2016).</summary>
/// <param name="alpha">Above 0.</param>
public sealed class Elu(double alpha = 1) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Elu(alpha);
}

/// <summary>eˣ / Σ eˣ along one dimension. Losses with softmax in their name take what comes before it.</summary>
/// <param name="axis">The dimension; a negative one counts from the last.</param>
public sealed class Softmax(int axis = -1) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Softmax(axis);
}
