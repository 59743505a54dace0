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

/// <summary>Starts a variable with what another one of the same element type holds when the session first needs this one.</summary>
/// <param name="Variable">The other one.</param>
/// <param name="From">Of a piece of the other one, which of its elements is the first; behind its last one stand zeros.</param>
public sealed record SameAs(Variable Variable, long From = 0) : Initializer
{
    /// <summary>Writes what the other variable starts with; sessions copy its elements instead.</summary>
    public override void Fill(Tensor target, ulong seed, ulong stream)
    {
        var whole = Tensor.Uninitialized(Variable.TensorType.Type, Variable.TensorType.Shape);
        Variable.Initializer.Fill(whole, seed, Streams.Of(Variable.Name));
        Copy(whole, target);
    }

    /// <summary>Copies this part of the other variable's elements.</summary>
    internal unsafe void Copy(Tensor whole, Tensor target)
    {
        var begin = Math.Min(From * whole.Type.Size(), whole.Bytes);
        var bytes = Math.Min(whole.Bytes - begin, target.Bytes);
        Buffer.MemoryCopy((void*)(whole.Address + (nint)begin), (void*)target.Address, target.Bytes, bytes);
        System.Runtime.InteropServices.NativeMemory.Clear((void*)(target.Address + (nint)bytes), (nuint)(target.Bytes - bytes));
        GC.KeepAlive(whole);
        GC.KeepAlive(target);
    }
}

/// <summary>
/// State that outlives a step: the only mutable part of a graph. A session holds its elements. Within a step, reading
/// <see cref="Value"/> gives the elements as they were before the step, whatever else the step assigns.
/// </summary>
public sealed class Variable
{
    internal Variable(Graph graph, string name, TensorType type, Initializer initializer, bool trainable, Cut? cut = null)
    {
        Name = name;
        Cut = cut;
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

    private Variable(string name, Initializer initializer, Value value)
    {
        (Name, TensorType, Initializer, Value) = (name, value.TensorType, initializer, value);
        (IsTrainable, IsAssembled) = (true, true);
    }

    /// <summary>
    /// A trainable variable for layers to read whose elements are computed from others, of which each rank holds a piece. Sessions hold none of it, and nothing can be assigned to it.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="initializer">What it would hold at first.</param>
    /// <param name="value">The elements.</param>
    public static Variable Assembled(string name, Initializer initializer, Value value) => new(name, initializer, value);

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

    /// <summary>Of a variable that is a rank's piece of a tensor, how that is cut; null of most.</summary>
    public Cut? Cut { get; }

    /// <summary>The type of what it holds, or of the tensor that it is a piece of.</summary>
    public TensorType WholeType => Cut?.Whole ?? TensorType;

    /// <summary>Whether it is computed from other variables (<see cref="Assembled"/>).</summary>
    internal bool IsAssembled { get; }

    /// <summary>A variable stands for its value.</summary>
    public static implicit operator Value(Variable variable) => variable.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {TensorType}";
}
