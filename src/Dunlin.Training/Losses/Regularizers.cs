using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>Scalars to add to a loss so that weights stay small.</summary>
public static class Regularizers
{
    /// <summary>rate · Σ |w| over all elements of some variables.</summary>
    public static Value L1(double rate, params IEnumerable<Variable> variables) => Total(rate, variables, w => w.Abs());

    /// <summary>rate / 2 · Σ w² over all elements of some variables: its gradient is rate · w.</summary>
    public static Value L2(double rate, params IEnumerable<Variable> variables) => Total(rate / 2, variables, w => w.Square());

    private static Value Total(double rate, IEnumerable<Variable> variables, Func<Value, Value> penalty) =>
        variables.Select(v => penalty(v.Value).Sum()).Aggregate((a, b) => a + b) * rate;
}
