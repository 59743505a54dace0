using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>max(x, 0).</summary>
public sealed class Relu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Relu();
}

/// <summary>The hyperbolic tangent.</summary>
public sealed class Tanh : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Tanh();
}

/// <summary>1 / (1 + e⁻ˣ).</summary>
public sealed class Sigmoid : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Sigmoid();
}

/// <summary>x · sigmoid(x), also called swish (Elfwing et al., 2018).</summary>
public sealed class Silu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input * input.Sigmoid();
}

/// <summary>x where positive, else slope · x.</summary>
/// <param name="slope">From 0 to 1.</param>
public sealed class LeakyRelu(double slope = 0.01) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Maximum(input * slope);
}

/// <summary>A function of values as a layer without variables.</summary>
/// <param name="function">Adds the operations.</param>
public sealed class Lambda(Func<Value, Value> function) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => function(input);
}
