using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The elements of a list, all of one shape, as one tensor [n, …].</summary>
/// <remarks>Gradient: the rows of dy as a list.</remarks>
/// <param name="Element">What is known of the elements.</param>
/// <param name="Length">How many there are; <see cref="Shape.Unknown"/> if that is known only when it has run.</param>
internal sealed record StackList(TensorType Element, int Length = Shape.Unknown) : ListOperation, IEvaluated
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        ExpectList(inputs, 0);
        return [new(Element.Type, Shape.Of(Length).Append(Element.Shape.Dimensions))];
    }

    /// <inheritdoc/>
    public bool MustEvaluate(IReadOnlyList<TensorType> inputs) => HasOpenShapes(inputs.Count);

    /// <inheritdoc/>
    internal override bool HasOpenShapes(int inputs) => Length == Shape.Unknown || !Element.Shape.IsKnown;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var list = ListAt(inputs[0].Address);
        var element = list.CommonType() ?? Element;
        element = element with { Shape = Least(element.Shape) };
        CheckCount("StackList", list);
        if (element.Type != Element.Type || !Element.Shape.Accepts(element.Shape)) throw new ShapeException($"The elements of the list are {element} where {Element} was declared.");
        var result = Tensor.Uninitialized(Element.Type, Shape.Of(list.Count).Append(element.Shape.Dimensions));
        Fill("StackList", list, element, result.Address);
        return [result];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var where = context.Name;
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            CheckCount(where, list);
            Fill(where, list, Element, buffers[1]);
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.UnstackList()];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(new StackLike(), [tangent, node.Outputs[0]]) : null];

    /// <inheritdoc/>
    public override string? NoVectorizationReason => null;

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [Batching.First(inputs[0].Value.BatchLists(alike: true).StackList(Element with { Shape = Shape.Of(batching.Length).Append(Element.Shape.Dimensions) }, Length), 1)];

    private static void Fill(string where, TensorList list, TensorType element, nint target)
    {
        for (var i = 0; i < list.Count; i++) CopyElement(where, list, i, element, target + (nint)(i * element.Bytes));
    }

    private void CheckCount(string where, TensorList list)
    {
        if (Length != Shape.Unknown && list.Count != Length) throw new ShapeException($"{where}: the list has {list.Count} elements where {Length} were declared.");
    }
}

/// <summary>The parts of a tensor along its first dimension as a list.</summary>
/// <remarks>Gradient: the elements of dy stacked.</remarks>
internal sealed record UnstackList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank > 0 ? [ListType] : throw Mismatch(inputs, "a scalar has no parts.");
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (count, element) = (context.Inputs[0].Shape[0], new TensorType(context.Inputs[0].Type, context.Inputs[0].Shape[1..]));
        return new ListKernel(buffers =>
        {
            var list = new TensorList(element);
            for (var i = 0; i < count; i++) list.Add(element, buffers[0] + (nint)(i * element.Bytes));
            Return(buffers[1], list);
        });
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => null;

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new UnbatchList(All: true), [Batching.First(inputs[0].Value, 1).UnstackList(), inputs[0].Value])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new StackLike(), [outputGradients[0]!, node.Inputs[0]])];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent]) : null];
}

/// <summary>The elements of a list along the first dimension of a tensor in the shape of the second input; zeros where the list is shorter.</summary>
/// <remarks>Gradient: the rows of dy as a list.</remarks>
internal sealed record StackLike : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        return inputs[1].Shape.Rank > 0 ? [inputs[1]] : throw Mismatch(inputs, "a scalar has no parts.");
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, count, element) = (context.Name, context.Inputs[1].Shape[0], new TensorType(context.Inputs[1].Type, context.Inputs[1].Shape[1..]));
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            for (var i = 0; i < count; i++) CopyElement(where, list, i, element, buffers[2] + (nint)(i * element.Bytes));
        });
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => null;

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [Batching.First(node.Graph.Add(this, [inputs[0].Value.BatchLists(), Batching.First(batching.Everywhere(inputs[1]), 1)]), 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.UnstackList(), null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>Lists and tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.StackList"/>
    internal static Value StackList(this Value list, TensorType element, int length = Shape.Unknown) => list.Graph.Add(new StackList(element, length), [list]);

    /// <inheritdoc cref="Ops.UnstackList"/>
    internal static Value UnstackList(this Value x) => x.Graph.Add(new UnstackList(), [x]);
}
