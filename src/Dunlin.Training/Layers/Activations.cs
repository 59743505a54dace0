using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>max(x, 0).</summary>
public sealed class Relu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Relu();
}

/// <summary>x held between 0 and 6.</summary>
public sealed class Relu6 : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Relu6();
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

/// <summary>(x + 3) / 6, held between 0 and 1.</summary>
public sealed class HardSigmoid : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.HardSigmoid();
}

/// <summary>x held between −1 and 1.</summary>
public sealed class HardTanh : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.HardTanh();
}

/// <summary>x · Φ(x), Φ the distribution of a standard normal (Hendrycks and Gimpel, 2016).</summary>
public sealed class Gelu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Gelu();
}

/// <summary>x · sigmoid(x), also called swish (Elfwing et al., 2018).</summary>
public sealed class Silu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Silu();
}

/// <summary>x · tanh(log(1 + eˣ)) (Misra, 2019).</summary>
public sealed class Mish : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Mish();
}

/// <summary>The scaled exponential linear unit (Klambauer et al., 2017).</summary>
public sealed class Selu : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Selu();
}

/// <summary>log(1 + eˣ).</summary>
public sealed class Softplus : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Softplus();
}

/// <summary>x / (1 + |x|).</summary>
public sealed class Softsign : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Softsign();
}
