using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>A variable to train and the gradient of the loss, or what links of an optimiser have made of it.</summary>
/// <param name="Variable">The variable.</param>
/// <param name="Gradient">Dense, of the variable's type and shape, or sparse: some of its rows.</param>
public sealed record Parameter(Variable Variable, Gradient Gradient)
{
    /// <summary>The parameter with a dense gradient made from this one's.</summary>
    internal Parameter Map(Func<Value, Value> function) => this with { Gradient = function(Gradient.Dense()) };

    /// <summary>The parameter with its gradient times a scalar; a sparse gradient stays sparse.</summary>
    internal Parameter Scaled(Value factor)
    {
        var values = Gradient.Values * factor.Cast(Gradient.Values.Type);
        return this with { Gradient = Gradient.Indices is { } indices ? Gradient.Sparse(indices, values, Gradient.Like!) : values };
    }
}
