using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation on lists of tensors. Lists are values: what changes one gives a new list that shares the elements.</summary>
internal abstract record ListOperation : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <summary>A list.</summary>
    protected static TensorType ListType => new(DType.List, []);

    /// <summary>Throws unless an input is a list.</summary>
    protected void ExpectList(IReadOnlyList<TensorType> inputs, int index)
    {
        if (inputs[index] != ListType) throw Mismatch(inputs, $"input {index} is to be a list.");
    }

    /// <summary>Throws unless an input is an Int64 scalar.</summary>
    protected void ExpectIndex(IReadOnlyList<TensorType> inputs, int index)
    {
        if (inputs[index] != new TensorType(DType.Int64, [])) throw Mismatch(inputs, $"input {index} is to be an Int64 scalar.");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Lists hold one example's tensors, of shapes of their own.";

    /// <summary>A kernel that is a function of handles.</summary>
    private protected sealed unsafe class ListKernel(ListFunction run) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads) => run(buffers);
    }

    /// <summary>Does something with the operands' addresses.</summary>
    private protected unsafe delegate void ListFunction(nint* buffers);
}

/// <summary>The sums of two lists' elements, one by one. An element that only one list has stays as it is.</summary>
/// <remarks>Gradient: dy for both.</remarks>
internal sealed record AddLists : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        ExpectList(inputs, 1);
        return [ListType];
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context) => new ListKernel(static buffers =>
    {
        var (a, b, sums) = (TensorList.At(*(nint*)buffers[0]), TensorList.At(*(nint*)buffers[1]), new TensorList());
        *(nint*)buffers[2] = sums.Handle;
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            var sum = (i < a.Count ? a : b).ToTensor(i);
            if (i < a.Count && i < b.Count) Add(sum, b.Element(i, sum.TensorType));
            sums.Add(sum.TensorType, sum.Address);
            GC.KeepAlive(sum);
        }
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!, outputGradients[0]!];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } a && inputTangents[1] is { } b ? Operations.AddLists(a, b) : inputTangents[0] ?? inputTangents[1]];

    private static unsafe void Add(Tensor sum, nint terms)
    {
        var kernel = Binary.Add.Prepare(new([sum.TensorType, sum.TensorType], [sum.TensorType], [MemoryLayout.Plain, MemoryLayout.Plain], KernelSets.Managed, ThreadTeam.Single, PlanResources.None));
        var buffers = stackalloc nint[] { sum.Address, terms, sum.Address, 0 };
        kernel.Run(buffers, ThreadTeam.Single);
    }
}

/// <summary>The elements of a list, all of one shape, as one tensor [n, …].</summary>
/// <remarks>Gradient: the rows of dy as a list.</remarks>
/// <param name="Element">What is known of the elements.</param>
internal sealed record StackList(TensorType Element) : DynamicOperation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0] != new TensorType(DType.List, [])) throw Mismatch(inputs, "the input is to be a list.");
        return [new(Element.Type, Shape.Of(Shape.Unknown).Append(Element.Shape.Dimensions))];
    }

    /// <inheritdoc/>
    public override unsafe IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var list = TensorList.At(*(nint*)inputs[0].Address);
        var shape = list.Count > 0 ? list.TypeOf(0).Shape : Shape.Create([.. Element.Shape.Dimensions.ToArray().Select(d => Math.Max(d, 0))]);
        var element = new TensorType(Element.Type, shape);
        var result = Tensor.Uninitialized(Element.Type, Shape.Of(list.Count).Append(shape.Dimensions));
        for (var i = 0; i < list.Count; i++)
            Buffer.MemoryCopy((void*)list.Element(i, element), (void*)(result.Address + (nint)(i * element.Bytes)), element.Bytes, element.Bytes);
        return [result];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.UnstackList()];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent]) : null];
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
            var list = new TensorList();
            *(nint*)buffers[1] = list.Handle;
            for (var i = 0; i < count; i++) list.Add(element, buffers[0] + (nint)(i * element.Bytes));
        });
    }

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
        return [inputs[1]];
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (count, element) = (context.Inputs[1].Shape[0], new TensorType(context.Inputs[1].Type, context.Inputs[1].Shape[1..]));
        return new ListKernel(buffers =>
        {
            var list = TensorList.At(*(nint*)buffers[0]);
            for (var i = 0; i < count; i++)
            {
                var target = new Span<byte>((void*)(buffers[2] + (nint)(i * element.Bytes)), checked((int)element.Bytes));
                if (i < list.Count) new ReadOnlySpan<byte>((void*)list.Element(i, element), target.Length).CopyTo(target);
                else target.Clear();
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.UnstackList(), null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>Lists of tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.AddLists"/>
    internal static Value AddLists(Value a, Value b) => a.Graph.Add(new AddLists(), [a, b]);

    /// <inheritdoc cref="Ops.StackList"/>
    internal static Value StackList(this Value list, TensorType element) => list.Graph.Add(new StackList(element), [list]);

    /// <inheritdoc cref="Ops.UnstackList"/>
    internal static Value UnstackList(this Value x) => x.Graph.Add(new UnstackList(), [x]);
}
