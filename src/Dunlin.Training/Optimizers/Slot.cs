using Dunlin.Graphs;

namespace Dunlin.Training;

/// <summary>A link's state for one parameter, in a variable of the parameter's shape.</summary>
public sealed class Slot
{
    internal Slot(Variable variable, Parameter parameter) => (Variable, Rows, Value) = (variable, parameter.Rows, parameter.Of(variable));

    /// <summary>The variable that holds it.</summary>
    public Variable Variable { get; }

    /// <summary>The state before the update: all of it, or where the gradient is sparse the touched rows.</summary>
    public Value Value { get; }

    internal Value? Rows { get; }
}
