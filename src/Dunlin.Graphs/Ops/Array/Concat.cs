using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Tensors side by side along one dimension; their other lengths are equal.</summary>
/// <remarks>Gradients: the parts of dy.</remarks>
/// <param name="Axis">The dimension, counted from 0.</param>
public sealed record Concat(int Axis) : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        if (inputs.Count == 0) throw new ShapeException("Concat takes at least one input.");
        var (type, first) = inputs[0];
        if (Axis < 0 || Axis >= first.Rank) throw Mismatch(inputs, $"there is no dimension {Axis}.");
        var total = 0;
        foreach (var input in inputs)
        {
            if (input.Type != type || input.Shape.Rank != first.Rank || !input.Shape.With(Axis, 0).Accepts(first.With(Axis, 0)))
                throw Mismatch(inputs, $"element types and all lengths but dimension {Axis}'s are equal.");
            total = total == Shape.Unknown || input.Shape[Axis] == Shape.Unknown ? Shape.Unknown : total + input.Shape[Axis];
        }
        return [new(type, first.With(Axis, total))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var wanted = context.KeepPlain ? MemoryLayout.Plain : context.Layouts.FirstOrDefault(l => !ReferenceEquals(l, MemoryLayout.Plain), MemoryLayout.Plain);
        var layout = PartLayout.Of(context.Outputs[0], context.Inputs, Axis, wanted);
        var parts = new (int, long, long)[context.Inputs.Count];
        var row = 0L;
        for (var i = 0; i < parts.Length; row += layout.Runs[i++]) parts[i] = (i, row, layout.Runs[i]);
        return new PartsKernel(layout.Outer, row, parts, whole: parts.Length, joins: true) { InputLayouts = layout.Parts, OutputLayouts = [layout.Whole] };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => [Operations.Concat(batching.Everywhere(inputs), Axis + 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [.. Enumerable.Range(0, node.Inputs.Count).Select(i => (Gradient)outputGradients[0]!.Graph.Add(new ConcatPart(Axis, i), [outputGradients[0]!, .. node.Inputs]))];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        Tangents.Linear(node, inputTangents, [.. Enumerable.Range(0, node.Inputs.Count)]);
}

/// <summary>The part of the first input that one of the others took in a <see cref="Concat"/> of them; those are read for their shapes only.</summary>
/// <remarks>Gradient: dy between zeros in the places of the other parts.</remarks>
public sealed record ConcatPart(int Axis, int Part) : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [new(inputs[0].Type, inputs[Part + 1].Shape)];

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * outputs[0].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var wanted = context.KeepPlain ? MemoryLayout.Plain : context.Layouts.FirstOrDefault(MemoryLayout.Plain);
        var layout = PartLayout.Of(context.Inputs[0], [.. context.Inputs.Skip(1)], Axis, wanted);
        return new PartsKernel(layout.Outer, layout.Runs.Sum(), [(context.Inputs.Count, layout.Runs.Take(Part).Sum(), layout.Runs[Part])], whole: 0, joins: false)
        {
            InputLayouts = [layout.Whole, .. layout.Parts],
            OutputLayouts = [layout.Parts[Part]],
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Axis + 1 }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        Value[] parts = [.. node.Inputs.Skip(1).Select((v, i) => i == Part ? outputGradients[0]! : v.ZerosLike())];
        return [Operations.Concat(parts, Axis), .. parts.Select(_ => default(Gradient))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Linear(node, inputTangents, 0);
}

/// <summary>Joining.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Concat"/>
    public static Value Concat(IReadOnlyList<Value> values, int axis) => Require.NotEmpty(nameof(Concat), values).Count == 1 && axis >= -values[0].Shape.Rank && axis < values[0].Shape.Rank
        ? values[0]
        : values[0].Graph.Add(new Concat(axis < 0 ? axis + values[0].Shape.Rank : axis), values);
}
