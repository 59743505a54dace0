using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>A list with one more element behind the last. Outputs: the list; the new element's place.</summary>
/// <remarks>Gradients: the first elements of dy, as many as the list had, for the list; the new element's of dy for the element.</remarks>
internal sealed record AppendList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        return [ListType, IndexType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var element = context.Inputs[1];
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            *(long*)buffers[3] = list.Count;
            Return(buffers[2], list.Append(element, buffers[1]));
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        if (outputGradients[0] is not { } dy) return [null, null];
        return [node.Graph.Add(new TakeList(), [dy, node.Outputs[1]]), dy.ReadListLike(node.Outputs[1], node.Inputs[1])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        // Of a list that does not change the tangent may be shorter: zeros come between.
        var list = inputTangents[0] ?? node.Inputs[0].EmptyLists();
        return [inputTangents[1] is { } element ? node.Graph.Add(new WriteList(Extends: true), [list, node.Outputs[1], element]) : inputTangents[0], null];
    }
}

/// <summary>A list with another element in the place of one. Inputs: the list, the place, the element.</summary>
/// <remarks>Gradients: dy without that element for the list; that of dy for the element.</remarks>
/// <param name="Extends">Whether a place behind the last one is one too, and zeros come between; else it is an error.</param>
internal sealed record WriteList(bool Extends = false) : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        ExpectList(inputs, 0);
        ExpectIndex(inputs, 1);
        return [ListType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, element) = (context.Name, context.Inputs[2]);
        return new ListKernel(buffers =>
        {
            var (list, index) = (ListAt(buffers[0]), *(long*)buffers[1]);
            var place = Extends ? Beyond(where, index) : Within(where, index, list.Count);
            Return(buffers[3], place == list.Count ? list.Append(element, buffers[2]) : list.With(place, element, buffers[2]));
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var dy = outputGradients[0]!;
        return [node.Graph.Add(new ClearElement(), [dy, node.Inputs[1]]), null, dy.ReadListLike(node.Inputs[1], node.Inputs[2])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
    [
        inputTangents[2] is { } element ? node.Graph.Add(this with { Extends = true }, [inputTangents[0] ?? node.Inputs[0].EmptyLists(), node.Inputs[1], element])
            : inputTangents[0] is { } list ? node.Graph.Add(new ClearElement(), [list, node.Inputs[1]]) : null,
    ];
}

/// <summary>
/// Elements of a list, all of one shape, by their numbers [n…] (Int64): y[n…, …]. Inputs: the list, the numbers, and if an element's shape is that of another
/// value, this.
/// </summary>
/// <remarks>Gradient: a list with dy's elements at those places.</remarks>
/// <param name="Element">What is known of an element; not used where there is a value like it.</param>
/// <param name="OrZero">Whether an element that the list does not have is zero; else it is an error.</param>
internal sealed record ReadList(TensorType Element, bool OrZero = false) : ListOperation, IEvaluated
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, inputs.Count == 3 ? 3 : 2);
        ExpectList(inputs, 0);
        if (inputs[1].Type != DType.Int64) throw Mismatch(inputs, "input 1, the elements' numbers, is Int64.");
        var element = ElementOf(inputs);
        return [element with { Shape = inputs[1].Shape.Append(element.Shape.Dimensions) }];
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public bool MustEvaluate(IReadOnlyList<TensorType> inputs) => !ElementOf(inputs).Shape.IsKnown;

    /// <inheritdoc/>
    internal override bool HasOpenShapes(int inputs) => inputs == 2 && !Element.Shape.IsKnown;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var (list, numbers) = (ListAt(inputs[0].Address), inputs[1].ToArray<long>());
        var declared = inputs.Count > 2 ? inputs[2].TensorType : Element;
        var types = numbers.Select(n => list.TypeOf(OrZero ? Beyond("ReadList", n) : Within("ReadList", n, list.Count))).OfType<TensorType>().Distinct().ToList();
        if (types.Count > 1) throw new ShapeException($"ReadList: elements that are read together are of one shape, but one is {types[0]} and another {types[1]}.");
        if (types.Count == 1 && (types[0].Type != declared.Type || !declared.Shape.Accepts(types[0].Shape)))
            throw new ShapeException($"ReadList: an element of the list is {types[0]} where {declared} was declared.");
        var element = types.Count == 1 ? types[0] : (list.ElementType ?? declared) with { Shape = Least((list.ElementType ?? declared).Shape) };
        var result = Tensor.Uninitialized(element.Type, inputs[1].Shape.Append(element.Shape.Dimensions));
        for (var i = 0; i < numbers.Length; i++) CopyElement("ReadList", list, (int)numbers[i], element, result.Address + (nint)(i * element.Bytes));
        return [result];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, element, count, output) = (context.Name, ElementOf(context.Inputs), context.Inputs[1].Shape.ElementCount, context.Inputs.Count);
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            for (var i = 0L; i < count; i++)
            {
                var number = ((long*)buffers[1])[i];
                CopyElement(where, list, OrZero ? Beyond(where, number) : Within(where, number, list.Count), element, buffers[output] + (nint)(i * element.Bytes));
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new ScatterList(), [outputGradients[0]!, node.Inputs[1]]), .. node.Inputs.Skip(1).Select(_ => default(Gradient))];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        if (inputTangents[0] is not { } tangent) return [null];
        if (node.Inputs.Count > 2 || Element.Shape.IsKnown) return [node.Graph.Add(this with { OrZero = true }, [tangent, .. node.Inputs.Skip(1)])];
        // The element itself tells the shape.
        return node.Inputs[1].Shape.Rank == 0 ? [tangent.ReadListLike(node.Inputs[1], node.Outputs[0])] : [node.Graph.Add(new ReadRowsLike(), [tangent, node.Inputs[1], node.Outputs[0]])];
    }

    private TensorType ElementOf(IReadOnlyList<TensorType> inputs) => inputs.Count > 2 ? inputs[2] : Element;
}

/// <summary>Elements of a list by their numbers [n…] in the shape [n…, …] of the third input; zeros where the list has none.</summary>
/// <remarks>Gradient: a list with dy's elements at those places.</remarks>
internal sealed record ReadRowsLike : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        ExpectList(inputs, 0);
        return inputs[1].Type == DType.Int64 && inputs[2].Shape.Rank >= inputs[1].Shape.Rank ? [inputs[2]] : throw Mismatch(inputs, "input 1, the elements' numbers, is Int64, and input 2 has an element for each.");
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, count) = (context.Name, context.Inputs[1].Shape.ElementCount);
        var element = new TensorType(context.Inputs[2].Type, context.Inputs[2].Shape[context.Inputs[1].Shape.Rank..]);
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            for (var i = 0L; i < count; i++) CopyElement(where, list, Beyond(where, ((long*)buffers[1])[i]), element, buffers[3] + (nint)(i * element.Bytes));
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new ScatterList(), [outputGradients[0]!, node.Inputs[1]]), null, null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, .. node.Inputs.Skip(1)]) : null];
}

/// <summary>A list with the elements x[n…, …] at the places with the given numbers [n…] (Int64) and zeros elsewhere; what is given for the same place adds up.</summary>
/// <remarks>Gradient: dy's elements at those places.</remarks>
internal sealed record ScatterList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var rank = inputs[1].Shape.Rank;
        if (inputs[1].Type != DType.Int64 || inputs[0].Shape.Rank < rank || !inputs[0].Shape[..rank].Accepts(inputs[1].Shape))
            throw Mismatch(inputs, "there is a number (Int64) for each element.");
        return [ListType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, rank, sums) = (context.Name, context.Inputs[1].Shape.Rank, new ElementSums());
        var (count, element) = (context.Inputs[1].Shape.ElementCount, new TensorType(context.Inputs[0].Type, context.Inputs[0].Shape[rank..]));
        return new ListKernel(buffers =>
        {
            var places = new Dictionary<int, nint>();
            for (var i = 0L; i < count; i++)
            {
                var (place, row) = (Beyond(where, ((long*)buffers[1])[i]), buffers[0] + (nint)(i * element.Bytes));
                if (places.TryGetValue(place, out var known))
                {
                    sums.Add(element, known, row);
                    continue;
                }
                places[place] = known = StepScope.Allocate(element.Bytes);
                Buffer.MemoryCopy((void*)row, (void*)known, element.Bytes, element.Bytes);
            }
            Return(buffers[2], TensorList.AtPlaces(element, places));
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, numbers) = (node.Inputs[0], node.Inputs[1]);
        return [numbers.Shape.Rank == 0 ? outputGradients[0]!.ReadListLike(numbers, x) : node.Graph.Add(new ReadRowsLike(), [outputGradients[0]!, numbers, Operations.ForShape(x)]), null];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>The first elements of a list, as many as the second input says or as there are.</summary>
/// <remarks>Gradient: the first elements of dy.</remarks>
internal sealed record TakeList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        ExpectIndex(inputs, 1);
        return [ListType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context) =>
        new ListKernel(static buffers => Return(buffers[2], ListAt(buffers[0]).Take((int)Math.Clamp(*(long*)buffers[1], 0, int.MaxValue))));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!, node.Inputs[1]]), null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>A list with a zero in an element's place.</summary>
/// <remarks>Gradient: dy with a zero in that place.</remarks>
internal sealed record ClearElement : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        ExpectIndex(inputs, 1);
        return [ListType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var where = context.Name;
        return new ListKernel(buffers => Return(buffers[2], ListAt(buffers[0]).WithZero(Beyond(where, *(long*)buffers[1]))));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!, node.Inputs[1]]), null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>How many elements a list has, an Int64 scalar.</summary>
internal sealed record CountList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        ExpectList(inputs, 0);
        return [IndexType];
    }

    /// <inheritdoc/>
    public override string NoGradientReason => "How many elements there are does not depend on what they are.";

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context) => new ListKernel(static buffers => *(long*)buffers[1] = ListAt(buffers[0]).Count);
}

/// <summary>A list of zeros, as many as an Int64 scalar says; they take no memory.</summary>
/// <param name="Element">The type of each; its lengths are known.</param>
internal sealed record ZeroList(TensorType Element) : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        ExpectIndex(inputs, 0);
        return Element.Shape.IsKnown ? [ListType] : throw Mismatch(inputs, $"zeros need a known shape, not {Element}.");
    }

    /// <inheritdoc/>
    public override string NoGradientReason => "The elements are zeros, however many.";

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var where = context.Name;
        return new ListKernel(buffers =>
        {
            var count = *(long*)buffers[0];
            if (count is < 0 or >= int.MaxValue) throw new DunlinException($"{where}: a list can't have {count} elements.");
            var list = new TensorList(Element);
            for (var i = 0L; i < count; i++) list.AddZero(Element);
            Return(buffers[1], list);
        });
    }
}

/// <summary>Elements of lists.</summary>
public static partial class Operations
{
    /// <summary>An element of a list of gradients or tangents; zeros where there is none.</summary>
    /// <param name="list">The list.</param>
    /// <param name="index">Its place, an Int64 scalar.</param>
    /// <param name="like">Of the element's type and shape; read for these only.</param>
    internal static Value ReadListLike(this Value list, Value index, Value like) => list.Graph.Add(new ReadList(like.TensorType, OrZero: true), like.Shape.IsKnown ? [list, index] : [list, index, like]);

    /// <summary>A value of the same type and shape for those who read only these: where the shape is known, one that costs nothing to make again.</summary>
    internal static Value ForShape(Value value) => value.Shape.IsKnown && value.Type != DType.List ? value.Number(0).BroadcastTo(value.Shape) : value;
}
