using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// One step of a recurrent network: from the states before it and an input come the states after it. The first state is the output.
/// </summary>
public abstract class RecurrentCell
{
    /// <summary>Creates a cell.</summary>
    /// <param name="units">Features of the hidden state, at least 1.</param>
    protected RecurrentCell(int units)
    {
        Require.AtLeast(GetType().Name, units, 1);
        Units = units;
    }

    /// <summary>Features of the hidden state.</summary>
    public int Units { get; }

    /// <summary>What sort of cell it is, as messages and tables say.</summary>
    public virtual string Kind => GetType().Name is var name && name.EndsWith("Cell", StringComparison.Ordinal) ? name[..^4] : name;

    /// <summary>Features of the output, which is the first state.</summary>
    public virtual int OutputFeatures => Units;

    /// <summary>How the weights of inputs and states start.</summary>
    /// <value>Uniform in ±1/√units unless set.</value>
    public Initializer? Initializer { get; init; }

    /// <summary>The features of each state.</summary>
    public abstract IReadOnlyList<int> StateFeatures { get; }

    /// <summary>Makes the cell's variables, and computes what of the inputs' part can be computed for all steps at once.</summary>
    /// <param name="context">Where variables come from.</param>
    /// <param name="x">All inputs [T, N, features].</param>
    public abstract RecurrentSteps Prepare(BuildContext context, Value x);

    /// <summary>A matrix that takes states or inputs to gates.</summary>
    private protected Variable Weight(BuildContext context, string name, int rows, int columns, DType type) =>
        context.Variable(name, [rows, columns], Initializer ?? Initializers.BiasUniform(Units), type: type);

    /// <summary>The inputs' part of all gates of all steps in one product, bias included: [T, N, rows].</summary>
    private protected Value Project(BuildContext context, Value x, int rows, Initializer? bias = null)
    {
        if (x.Shape[^1] == Shape.Unknown) throw new ShapeException($"expected inputs with a known number of features, got {x.Shape}.");
        return x.MatMul(Weight(context, "input_weight", rows, x.Shape[^1], x.Type), transposeB: true) + context.Variable("bias", [rows], bias ?? Initializers.Zeros, type: x.Type);
    }
}

/// <summary>A cell in a graph.</summary>
/// <param name="Inputs">What a step is given, for all steps: [T, N, …].</param>
/// <param name="Next">The next states, from the states [N, features] and a step's input [N, …].</param>
public sealed record RecurrentSteps(Value Inputs, Func<IReadOnlyList<Value>, Value, IReadOnlyList<Value>> Next);
