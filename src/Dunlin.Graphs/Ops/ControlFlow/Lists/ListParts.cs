using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The elements of a list behind each other along their first dimension. Outputs: [Σ n, …]; the length n of each, Int64.</summary>
/// <remarks>Gradient: the parts of dy as a list.</remarks>
/// <param name="Element">What is known of the elements; all lengths but the first are equal.</param>
internal sealed record ConcatList(TensorType Element) : DynamicOperation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0] != new TensorType(DType.List, [])) throw Mismatch(inputs, "the input is to be a list.");
        return Element.Shape.Rank > 0
            ? [Element with { Shape = Element.Shape.With(0, Shape.Unknown) }, new(DType.Int64, [Shape.Unknown])]
            : throw Mismatch(inputs, "scalars have no first dimension; stack them.");
    }

    /// <inheritdoc/>
    public override unsafe IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var list = TensorList.At(*(nint*)inputs[0].Address);
        TensorType[] types = [.. Enumerable.Range(0, list.Count).Select(i => list.TypeOf(i) ?? throw new DunlinException($"ConcatList: element {i} is a zero of no shape."))];
        var first = types.Length > 0 ? types[0] : list.ElementType ?? Element;
        first = first with { Shape = Shape.Create([.. first.Shape.Dimensions.ToArray().Select(d => Math.Max(d, 0))]) };
        for (var i = 0; i < types.Length; i++)
            if (types[i].Type != Element.Type || !Element.Shape.With(0, Shape.Unknown).Accepts(types[i].Shape) || types[i].Shape[1..] != first.Shape[1..])
                throw new ShapeException($"ConcatList: element {i} is {types[i]} where {Element} was declared and element 0 is {first}; only first lengths may differ.");
        var lengths = Tensor.From([.. types.Select(t => (long)t.Shape[0])]);
        var result = Tensor.Uninitialized(Element.Type, first.Shape.With(0, checked((int)types.Sum(t => (long)t.Shape[0]))));
        var target = result.Address;
        for (var i = 0; i < types.Length; i++)
        {
            Buffer.MemoryCopy((void*)list.Element(i, types[i]), (void*)target, types[i].Bytes, types[i].Bytes);
            target += (nint)types[i].Bytes;
        }
        return [result, lengths];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0] is { } dy ? dy.SplitList(node.Outputs[1]) : null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(new ConcatLike(), [tangent, node.Outputs[0], node.Outputs[1]]) : null, null];
}

/// <summary>The parts of a tensor along its first dimension, of the given lengths (Int64), as a list.</summary>
/// <remarks>Gradient: the elements of dy behind each other.</remarks>
internal sealed record SplitList : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[0].Shape.Rank == 0) throw Mismatch(inputs, "a scalar has no parts.");
        return inputs[1].Type == DType.Int64 && inputs[1].Shape.Rank == 1 ? [ListType] : throw Mismatch(inputs, "input 1, the parts' lengths, is Int64 of one dimension.");
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, x, count) = (context.Name, context.Inputs[0], context.Inputs[1].Shape[0]);
        return new ListKernel(buffers =>
        {
            var list = new TensorList(x with { Shape = x.Shape.With(0, 0) });
            foreach (var (part, place) in Parts(where, x, new((void*)buffers[1], count))) list.Add(part, buffers[0] + place);
            Return(buffers[2], list);
        });
    }

    /// <summary>The types of the parts, and where in the whole each begins.</summary>
    internal static List<(TensorType Part, nint Place)> Parts(string where, TensorType x, ReadOnlySpan<long> lengths)
    {
        var (parts, first, row) = (new List<(TensorType, nint)>(), 0L, x.Shape[1..].ElementCount * x.Type.Size());
        foreach (var length in lengths)
        {
            if (length < 0 || length > x.Shape[0] - first) throw Wrong(where, x, lengths);
            parts.Add((x with { Shape = x.Shape.With(0, (int)length) }, (nint)(first * row)));
            first += length;
        }
        return first == x.Shape[0] ? parts : throw Wrong(where, x, lengths);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new ConcatLike(), [outputGradients[0]!, Operations.ForShape(node.Inputs[0]), node.Inputs[1]]), null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? tangent.SplitList(node.Inputs[1]) : null];

    private static DunlinException Wrong(string where, TensorType x, ReadOnlySpan<long> lengths) =>
        new($"{where}: parts of the lengths {string.Join(", ", lengths.ToArray())} are to make up the {x.Shape[0]} rows of {x}.");
}

/// <summary>The elements of a list behind each other in the shape of the second input; the third says how long each is. Zeros where the list has none.</summary>
/// <remarks>Gradient: the parts of dy as a list.</remarks>
internal sealed record ConcatLike : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        ExpectList(inputs, 0);
        return inputs[1].Shape.Rank > 0 && inputs[2].Type == DType.Int64 && inputs[2].Shape.Rank == 1 ? [inputs[1]] : throw Mismatch(inputs, "takes a list, a tensor, and a length (Int64) for each element.");
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input != 1;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, x, count) = (context.Name, context.Inputs[1], context.Inputs[2].Shape[0]);
        return new ListKernel(buffers =>
        {
            var (list, index) = (ListAt(buffers[0]), 0);
            foreach (var (part, place) in SplitList.Parts(where, x, new((void*)buffers[2], count))) CopyElement(where, list, index++, part, buffers[3] + place);
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.SplitList(node.Inputs[2]), null, null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, .. node.Inputs.Skip(1)]) : null];
}

/// <summary>Lists of parts.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SplitList"/>
    internal static Value SplitList(this Value x, Value lengths) => x.Graph.Add(new SplitList(), [x, lengths]);
}
