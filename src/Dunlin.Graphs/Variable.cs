namespace Dunlin.Graphs;

/// <summary>Fills a new variable.</summary>
public abstract record Initializer
{
    /// <summary>Writes every element.</summary>
    /// <param name="target">The variable's memory.</param>
    /// <param name="seed">The session's seed.</param>
    /// <param name="stream">A number of the variable's own, so that variables of equal shape start differently.</param>
    public abstract void Fill(Tensor target, ulong seed, ulong stream);
}

/// <summary>Starts a variable with what another one of the same type holds when the session first needs this one.</summary>
/// <param name="Variable">The other one.</param>
public sealed record SameAs(Variable Variable) : Initializer
{
    /// <summary>Writes what the other variable starts with; sessions copy its elements instead.</summary>
    public override void Fill(Tensor target, ulong seed, ulong stream) => Variable.Initializer.Fill(target, seed, Streams.Of(Variable.Name));
}

/// <summary>
/// State that outlives a step: the only mutable part of a graph. A session holds its elements. Within a step, reading
/// <see cref="Value"/> gives the elements as they were before the step, whatever else the step assigns.
/// </summary>
public sealed class Variable
{
    internal Variable(Graph graph, string name, TensorType type, Initializer initializer, bool trainable)
    {
        Name = name;
        TensorType = type;
        Initializer = initializer;
        IsTrainable = trainable;
        Value = graph.AddHere(new Ops.ReadVariable(this), [], name).Outputs[0];
    }

    /// <summary>A state of a loop: within one iteration it is what variables are within a step. No node reads it.</summary>
    internal Variable(string name, TensorType type)
    {
        (Name, TensorType) = (name, type);
        Initializer = null!;
        Value = null!;
    }

    /// <summary>The unique name, such as <c>conv1/weight</c>.</summary>
    public string Name { get; }

    /// <summary>Element type and shape; all lengths are known.</summary>
    public TensorType TensorType { get; }

    /// <summary>What it holds at first.</summary>
    public Initializer Initializer { get; }

    /// <summary>Whether optimisers change it; running statistics, counters and optimiser state are not trainable.</summary>
    public bool IsTrainable { get; }

    /// <summary>The elements before the step.</summary>
    public Value Value { get; }

    /// <summary>A variable stands for its value.</summary>
    public static implicit operator Value(Variable variable) => variable.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {TensorType}";
}
