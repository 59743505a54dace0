using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs;

/// <summary>
/// What a node computes: attributes, shape rule, kernel and gradient, all in one place. Immutable and compared by value, so that
/// equal operations on equal inputs can be computed once.
/// </summary>
public abstract record Operation
{
    /// <summary>The operation's name as it stands in node names, messages and traces.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>
    /// Whether running it twice, or not running it, could make a difference: it reads or writes state outside its operands. Such an
    /// operation is never merged with another or computed ahead of time.
    /// </summary>
    public virtual bool IsStateful => false;

    /// <summary>The types of the outputs. Lengths of the inputs may be unknown while a graph is built and are all known when a plan is made.</summary>
    /// <exception cref="ShapeException">The inputs do not fit: the message names the operation, their shapes and what was expected.</exception>
    public abstract TensorType[] Infer(IReadOnlyList<TensorType> inputs);

    /// <summary>Prepares the kernel for the known types in <paramref name="context"/>.</summary>
    public abstract Kernel Prepare(PrepareContext context);

    /// <summary>
    /// Adds the operations that compute the gradient with respect to each input, given those with respect to the outputs.
    /// </summary>
    /// <param name="node">The node to differentiate: its inputs and outputs may be used.</param>
    /// <param name="outputGradients">One for each output; null where that output does not matter to the result.</param>
    /// <returns>One for each input; null where the output does not depend smoothly on it.</returns>
    public virtual IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        NoGradientReason is null
            ? throw new DunlinException($"{Name} has no gradient rule (node {node.Name}).")
            : new Gradient?[node.Inputs.Count];

    /// <summary>
    /// Adds the operations that compute how fast each output changes when the inputs change as fast as given (forward mode, a product of
    /// the Jacobian with a vector). Unless overridden it is derived from <see cref="Differentiate"/>: see <see cref="DoubleTranspose"/>.
    /// </summary>
    /// <param name="node">The node to differentiate: its inputs and outputs may be used.</param>
    /// <param name="inputTangents">One for each input, of its type and shape; null where that input does not change.</param>
    /// <returns>One for each output, of its type and shape; null where the output does not change smoothly.</returns>
    public virtual IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => DoubleTranspose.PushForward(node, inputTangents);

    /// <summary>
    /// Adds the operations that compute this one for many examples at once, at least one of whose inputs differs between them. Without a rule
    /// of its own an operation is applied to each example by itself, unless <see cref="TakesLeadingDimensions"/> says that one will do for all.
    /// </summary>
    /// <param name="node">The node, as it is for one example: its inputs and outputs tell the shapes.</param>
    /// <param name="inputs">The inputs for all examples.</param>
    /// <param name="batching">How many examples there are, and tools.</param>
    /// <returns>The outputs, each with a first dimension for the examples; null where there is no rule.</returns>
    public virtual IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        TakesLeadingDimensions ? node.Graph.AddNode(this, batching.Everywhere(inputs)).Outputs : null;

    /// <summary>As <see cref="Vectorized"/>, where some outputs may be the same for all examples.</summary>
    internal virtual IReadOnlyList<Batched>? VectorizedEach(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        Vectorized(node, inputs, batching)?.Select(o => new Batched(o, true)).ToList();

    /// <summary>Whether it may be given one more leading dimension in every input, along which it does the same to each.</summary>
    public virtual bool TakesLeadingDimensions => false;

    /// <summary>
    /// Why it is applied to each example by itself, however the inputs are, in a sentence; null where <see cref="Vectorized"/> or
    /// <see cref="TakesLeadingDimensions"/> does many examples at once.
    /// </summary>
    public virtual string? NoVectorizationReason => null;

    /// <summary>Why the operation has no gradient, in a sentence; null where it has one.</summary>
    public virtual string? NoGradientReason => null;

    /// <summary>Whether the kernel reads the elements of an input, or only its shape.</summary>
    public virtual bool ReadsElements(int input) => true;

    /// <summary>
    /// Floating-point operations of its matrix products, convolutions and attention, for tables of work; a multiply-add is two. Other arithmetic, which memory limits, counts as none.
    /// Unknown lengths count as 1.
    /// </summary>
    /// <param name="inputs">The inputs' types.</param>
    /// <param name="outputs">The outputs' types.</param>
    public virtual long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 0;

    /// <summary>
    /// Those of the <see cref="Flops"/> that no kernel can leave out, by which it is compared with the machine's ceiling: all but a convolution's taps on padding, which by custom count as work.
    /// </summary>
    /// <param name="inputs">The inputs' types; all lengths are known.</param>
    /// <param name="outputs">The outputs' types.</param>
    public virtual long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Flops(inputs, outputs);

    /// <summary>
    /// Bytes that the kernel reads and writes, for profiles, where they are fewer than all of its operands: an operation that takes a few rows of a table, say. Null: all of them.
    /// </summary>
    /// <param name="inputs">The inputs' types; all lengths are known.</param>
    /// <param name="outputs">The outputs' types.</param>
    public virtual long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => null;

    /// <summary>The part of an input's plain memory that output 0 is, for the given types, where nothing needs computing (a reshape, say); else null.</summary>
    public virtual MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => null;

    /// <summary>Whether output 0 is input 0, and it runs for its effect only, so that what computes the same again may leave it out.</summary>
    public virtual bool PassesThrough => false;

    /// <summary>Whether it makes sense on handles of lists.</summary>
    internal virtual bool TakesLists => false;

    /// <summary>The variable that it gives new elements, which are also output 0; null for most.</summary>
    public virtual Variable? Writes => null;

    /// <summary>How many elements a shape has; an unknown length counts as 1.</summary>
    protected internal static long CountKnown(Shape shape)
    {
        var product = 1L;
        foreach (var length in shape) product *= length == Shape.Unknown ? 1 : length;
        return product;
    }

    /// <summary>An error that names this operation and its inputs.</summary>
    protected ShapeException Mismatch(IReadOnlyList<TensorType> inputs, string expected) =>
        new($"{Name}({string.Join(", ", inputs)}): {expected}");

    /// <summary>Throws unless there are <paramref name="count"/> inputs.</summary>
    protected void ExpectInputs(IReadOnlyList<TensorType> inputs, int count)
    {
        if (inputs.Count != count) throw Mismatch(inputs, $"takes {count} inputs, got {inputs.Count}.");
    }
}

/// <summary>A stretch of an input's memory.</summary>
/// <param name="Input">Which input.</param>
/// <param name="ByteOffset">Where the stretch begins.</param>
public readonly record struct MemoryView(int Input, long ByteOffset = 0);
