using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// N lists [N] as one list whose elements have a first dimension N: what a loop over N examples at once reads. Where a list is shorter there are zeros.
/// Outputs: the list; how many elements each list had, Int64 [N].
/// </summary>
/// <remarks>Gradient: the examples' parts of dy, as many for each as it had.</remarks>
/// <param name="Alike">Whether lists of different lengths are an error.</param>
internal sealed record BatchLists(bool Alike = false) : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type == DType.List && inputs[0].Shape.Rank == 1 ? [ListType, new(DType.Int64, inputs[0].Shape)] : throw Mismatch(inputs, "takes lists [N].");
    }

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, count) = (context.Name, context.Inputs[0].Shape[0]);
        return new ListKernel(buffers =>
        {
            TensorList[] lists = [.. Enumerable.Range(0, count).Select(e => TensorList.At(((nint*)buffers[0])[e]))];
            for (var e = 0; e < count; e++)
            {
                ((long*)buffers[2])[e] = lists[e].Count;
                if (Alike && lists[e].Count != lists[0].Count)
                    throw new DunlinException($"{where}: the list of example 0 has {lists[0].Count} elements and that of example {e} has {lists[e].Count}, so that they can't be stacked to one tensor.");
            }
            Return(buffers[1], Batch(where, lists));
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0] is { } dy ? node.Graph.Add(new UnbatchList(), [dy, node.Outputs[1]]) : null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.AddNode(new BatchLists(), [tangent]).Outputs[0] : null, null];

    private static unsafe TensorList Batch(string where, TensorList[] lists)
    {
        var known = lists.Select(l => l.ElementType).FirstOrDefault(t => t is not null);
        var batch = new TensorList(known is { } element ? With(element, lists.Length) : null);
        for (var i = 0; i < lists.Max(l => (int?)l.Count).GetValueOrDefault(); i++)
        {
            if (lists.Select(l => l.TypeOf(i)).FirstOrDefault(t => t is not null) is not { } type)
            {
                batch.AddFrom(null, 0);
                continue;
            }
            var all = With(type, lists.Length);
            var address = StepScope.Allocate(all.Bytes);
            for (var e = 0; e < lists.Length; e++) CopyElement(where, lists[e], i, type, address + (nint)(e * type.Bytes));
            batch.AddPlace(all, address);
        }
        return batch;
    }

    private static TensorType With(TensorType type, int examples) => type with { Shape = Shape.Of(examples).Append(type.Shape.Dimensions) };
}

/// <summary>
/// A list whose elements have a first dimension N as N lists [N], which share its memory. The second input, Int64 [N], says how many elements are
/// each list's own; where all are, it may be of any type, and is there for its first dimension only.
/// </summary>
/// <remarks>Gradient: dy as one list, zero where an element was left out.</remarks>
/// <param name="All">Whether each list has all elements.</param>
internal sealed record UnbatchList(bool All = false) : ListOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        ExpectList(inputs, 0);
        if (inputs[1].Shape.Rank == 0 || (!All && (inputs[1].Type != DType.Int64 || inputs[1].Shape.Rank != 1))) throw Mismatch(inputs, "input 1 is Int64 [N].");
        return [new(DType.List, inputs[1].Shape[..1])];
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0 || !All;

    /// <inheritdoc/>
    public override unsafe Kernel Prepare(PrepareContext context)
    {
        var (where, count) = (context.Name, context.Inputs[1].Shape[0]);
        return new ListKernel(buffers =>
        {
            var list = ListAt(buffers[0]);
            for (var e = 0; e < count; e++)
            {
                var own = new TensorList(list.ElementType is { Shape.Rank: > 0 } element ? element with { Shape = element.Shape[1..] } : null);
                for (var i = 0; i < (All ? list.Count : Math.Min(list.Count, ((long*)buffers[1])[e])); i++)
                {
                    if (list.TypeOf(i) is not { } type)
                    {
                        own.AddFrom(null, 0);
                        continue;
                    }
                    var part = type with { Shape = type.Shape[1..] };
                    if (type.Shape[0] != count) throw new ShapeException($"{where}: element {i} of a list is {type} where there are {count} examples.");
                    if (list.IsZero(i) && part.Type != DType.List) own.AddZero(part);
                    else own.AddPlace(part, list.Element(i, type) + (nint)(e * part.Bytes));
                }
                Return(buffers[2] + e * sizeof(nint), own);
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.AddNode(new BatchLists(), [outputGradients[0]!]).Outputs[0], null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(this, [tangent, node.Inputs[1]]) : null];
}

/// <summary>Lists of examples.</summary>
public static partial class Operations
{
    /// <summary>N lists as one for all examples, which is what they may come from.</summary>
    internal static Value BatchLists(this Value lists, bool alike = false) => lists.Node.Operation is UnbatchList { All: true }
        ? lists.Node.Inputs[0]
        : lists.Graph.AddNode(new BatchLists(alike), [lists]).Outputs[0];
}
