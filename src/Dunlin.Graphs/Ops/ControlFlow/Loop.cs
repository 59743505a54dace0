using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>What ends a loop.</summary>
internal enum Trips
{
    /// <summary>The length of what it scans, or a fixed number.</summary>
    Length,
    /// <summary>An Int64 scalar, the first input.</summary>
    Count,
    /// <summary>A Bool scalar: the first input before the first iteration, then the body's first result.</summary>
    While,
}

/// <summary>
/// Runs a body again and again. The body takes the states, an element of each scanned input and whatever it captures; it returns
/// the next states. Outputs: the states after the last iteration; the stacked values of all iterations; for <see cref="Trips.While"/> the number
/// of iterations (Int64). A loop of fixed length scans and stacks tensors along their first dimension; the others scan and
/// stack lists, whose elements may differ in shape.
/// </summary>
/// <remarks>Gradient: a loop over the iterations from last to first, which reads what the forward loop stacked for it.</remarks>
/// <param name="Body">Parameters: states, elements, captured values. Results: whether to go on (While only), states.</param>
/// <param name="States">How many states there are.</param>
/// <param name="Scanned">How many scanned inputs.</param>
/// <param name="Stacked">Values of the body to keep of every iteration.</param>
internal sealed record Loop(Body Body, int States, int Scanned, IReadOnlyList<Value> Stacked) : Operation, IEvaluated
{
    /// <summary>What ends it.</summary>
    public required Trips Trips { get; init; }

    /// <summary>Iterations of a loop of fixed length that scans nothing.</summary>
    public int Length { get; init; }

    /// <summary>Whether it begins with the last elements, and stacks from behind.</summary>
    public bool Reverse { get; init; }

    /// <summary>The most iterations before it is an error; 0 for no limit.</summary>
    public long Limit { get; init; }

    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override bool IsStateful => Body.Effects.Any();

    /// <summary>The place of the first state among the inputs.</summary>
    public int FirstState => Trips == Trips.Length ? 0 : 1;

    /// <summary>The place of the first state among the body's results.</summary>
    public int FirstResult => Trips == Trips.While ? 1 : 0;

    /// <summary>The place of the number of iterations among the outputs.</summary>
    public int CountOutput => States + Stacked.Count;

    /// <summary>What the body computes: its results, then what is stacked.</summary>
    public IReadOnlyList<Value> Computed => [.. Body.Results, .. Stacked];

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => Types(inputs).Outputs;

    /// <inheritdoc/>
    public bool MustEvaluate(IReadOnlyList<TensorType> inputs) => Types(inputs).MustEvaluate;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session) => new LoopEvaluation(this, inputs, session).Run();

    /// <inheritdoc/>
    /// <remarks>A loop counts as often as it runs, once where that is unknown.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) =>
        (Trips == Trips.Length && LengthFor(inputs) is var times and not Shape.Unknown ? times : 1) * Body.Flops;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LoopKernel(this, context);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => new LoopGradient(this, node).Build(outputGradients);

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => new LoopTangent(this, node).Build(inputTangents);

    /// <inheritdoc/>
    internal override IReadOnlyList<Batched>? VectorizedEach(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        IsStateful ? null : new LoopBatch(this, node).Build(inputs, batching);

    /// <summary>Whether the body reads the elements of an input, or its shape only. A state's first elements are the result if there are no iterations.</summary>
    public override bool ReadsElements(int input) => input < FirstState + States || Body.ReadsElements(input - FirstState, Stacked)
        || (Trips == Trips.While && input >= FirstState + States && input < FirstState + States + Scanned);

    /// <summary>Throws if an iteration more would be too many.</summary>
    public void CheckLimit(long iterations)
    {
        if (Limit > 0 && iterations >= Limit)
            throw new DunlinException($"The loop {Body.Graph.Label} has not ended after {Limit} iterations, which is the limit it was given; its condition still holds.");
    }

    /// <summary>Lets an error say in which iteration it was.</summary>
    public void At(long iteration, DunlinException error) => error.At(Body.Graph.Label, $"In iteration {iteration} of {Body.Graph.Label}");

    /// <summary>The types of the body's parameters for the given inputs.</summary>
    public TensorType[] ParameterTypes(IReadOnlyList<TensorType> inputs) => [.. inputs.Skip(FirstState).Select((type, i) =>
        i < States || i >= States + Scanned ? type
        : Trips == Trips.Length ? new(type.Type, type.Shape[1..])
        : Body.Parameters[i].TensorType)];

    /// <summary>How many iterations a loop of fixed length has, or <see cref="Shape.Unknown"/>.</summary>
    public int LengthFor(IReadOnlyList<TensorType> inputs) => Scanned == 0 ? Length
        : inputs.Skip(FirstState + States).Take(Scanned).Select(i => i.Shape[0]).FirstOrDefault(l => l != Shape.Unknown, Shape.Unknown);

    /// <summary>Loops are equal if they do the same to equal inputs.</summary>
    public bool Equals(Loop? other) => other is not null && Body == other.Body && States == other.States && Scanned == other.Scanned && Trips == other.Trips
        && Length == other.Length && Reverse == other.Reverse && Limit == other.Limit && Stacked.SequenceEqual(other.Stacked);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Body, States, Scanned, Stacked.Count, Reverse);

    private (TensorType[] Outputs, bool MustEvaluate) Types(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, FirstState + Body.Parameters.Count);
        CheckScanned(inputs);
        var parameters = ParameterTypes(inputs);
        var inside = Body.Infer(parameters, Computed);
        var outputs = new List<TensorType>();
        var varies = inside.MustEvaluate || parameters.Any(p => !p.Shape.IsKnown);
        var changes = false;
        for (var s = 0; s < States; s++)
        {
            var (declared, before, after) = (Body.Parameters[s].TensorType, parameters[s], inside.Wanted[FirstResult + s]);
            if (after.Type != declared.Type || !declared.Shape.Accepts(after.Shape))
                throw Mismatch(inputs, $"state {s} ({Body.Parameters[s].Name}) is {declared} and would become {after} after an iteration. "
                    + "A state keeps its element type and its shape; if a length is meant to change, declare it as Shape.Unknown.");
            var steady = before.Shape.IsKnown && before.Shape == after.Shape;
            changes |= !steady;
            outputs.Add(steady ? before : declared);
        }
        varies |= changes;
        // What is as it was after one iteration may follow a state that is not, and change in the next.
        if (changes)
            for (var s = 0; s < States; s++) outputs[s] = Body.Parameters[s].TensorType;
        var length = Trips == Trips.Length ? LengthFor(inputs) : 0;
        for (var k = 0; k < Stacked.Count; k++)
        {
            var element = inside.Wanted[Body.Results.Count + k];
            if (Trips == Trips.Length && varies) element = new(element.Type, Widest(element.Shape, Stacked[k].Shape));
            outputs.Add(Trips == Trips.Length ? new(element.Type, Shape.Of(length).Append(element.Shape.Dimensions)) : new(DType.List, []));
        }
        if (Trips == Trips.While) outputs.Add(new(DType.Int64, []));
        return ([.. outputs], varies);
    }

    /// <summary>What is known of a shape at the first iteration that is known of it at every one.</summary>
    private static Shape Widest(Shape first, Shape declared)
    {
        for (var d = 0; d < first.Rank; d++)
            if (declared[d] == Shape.Unknown) first = first.With(d, Shape.Unknown);
        return first;
    }

    private void CheckScanned(IReadOnlyList<TensorType> inputs)
    {
        for (var i = FirstState + States; i < FirstState + States + Scanned; i++)
        {
            if (Trips != Trips.Length)
            {
                if (inputs[i].Type != DType.List || inputs[i].Shape.Rank != 0) throw Mismatch(inputs, $"input {i} is to be a list.");
            }
            else if (inputs[i].Shape.Rank == 0)
                throw Mismatch(inputs, $"scans the first dimension of input {i}, which has none.");
            else if (LengthFor(inputs) is var length && inputs[i].Shape[0] != length && inputs[i].Shape[0] != Shape.Unknown)
                throw Mismatch(inputs, $"scans tensors of equal first dimensions, but input {i} has {inputs[i].Shape[0]} and another {length}.");
        }
        if (FirstState == 1 && (inputs[0].Shape.Rank != 0 || inputs[0].Type != (Trips == Trips.While ? DType.Bool : DType.Int64)))
            throw Mismatch(inputs, Trips == Trips.While ? "the condition is a Bool scalar." : "the number of iterations is an Int64 scalar.");
    }
}
