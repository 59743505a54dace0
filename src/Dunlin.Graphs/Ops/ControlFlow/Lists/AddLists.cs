using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The sums of two lists' elements, one by one. An element that only one list has stays as it is, and lists that are elements are added in the same way. Of several lists, those at the same places.</summary>
/// <remarks>Gradient: dy for both.</remarks>
internal sealed record AddLists : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type == DType.List && inputs[1].Type == DType.List && inputs[0].Shape.Accepts(inputs[1].Shape)
            ? [inputs[1]]
            : throw Mismatch(inputs, "takes two lists, or as many at each side.");
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (sums, count) = (new ElementSums(), context.Outputs[0].Shape.ElementCount);
        return new ListKernel(buffers =>
        {
            for (var i = 0L; i < count; i++)
                Return(buffers[2] + (nint)(i * sizeof(nint)), sums.Of(ListAt(buffers[0] + (nint)(i * sizeof(nint))), ListAt(buffers[1] + (nint)(i * sizeof(nint)))));
        });
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => null;

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!, outputGradients[0]!];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [Tangents.Sum(inputTangents[0], inputTangents[1])];
}

/// <summary>Empty lists, as many as the input's shape says: the zero of lists.</summary>
internal sealed record EmptyLists : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [new(DType.List, inputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override string NoGradientReason => "There is nothing in an empty list.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var count = context.Outputs[0].Shape.ElementCount;
        return new ListKernel(buffers =>
        {
            for (var i = 0L; i < count; i++) Return(buffers[1] + (nint)(i * sizeof(nint)), new TensorList());
        });
    }
}

/// <summary>Lists of tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.AddLists"/>
    internal static Value AddLists(Value a, Value b) => a.Graph.Add(new AddLists(), [a, b]);

    /// <inheritdoc cref="Ops.EmptyLists"/>
    internal static Value EmptyLists(this Value like) => like.Graph.Add(new EmptyLists(), [like]);
}
