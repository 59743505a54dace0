using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Cuts a tensor along one dimension into parts of the given lengths, one output each.</summary>
/// <remarks>Gradient: the parts' gradients side by side.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Sizes">The parts' lengths; together the dimension's.</param>
public sealed record Split(int Axis, Axes Sizes) : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!Along.Fits(Axis, x)) throw Mismatch(inputs, $"there is no dimension {Axis}.");
        if (Sizes.Values.Any(s => s < 0) || (x[Axis] != Shape.Unknown && Sizes.Values.Sum() != x[Axis]))
            throw Mismatch(inputs, $"the parts {Sizes} do not add up to dimension {Axis}'s length {x[Axis]}.");
        return [.. Sizes.Values.Select(s => new TensorType(type, x.With(Axis, s)))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var wanted = context.KeepPlain ? MemoryLayout.Plain : context.Layouts.FirstOrDefault(MemoryLayout.Plain);
        var layout = PartLayout.Of(context.Inputs[0], context.Outputs, Axis < 0 ? Axis + context.Inputs[0].Shape.Rank : Axis, wanted);
        var parts = new (int, long, long)[context.Outputs.Count];
        var row = 0L;
        for (var i = 0; i < parts.Length; row += layout.Runs[i++]) parts[i] = (i + 1, row, layout.Runs[i]);
        return new PartsKernel(layout.Outer, row, parts, whole: 0, joins: false) { InputLayouts = [layout.Whole], OutputLayouts = layout.Parts };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        node.Graph.AddNode(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs)).Outputs;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.Concat([.. outputGradients.Select((dy, i) => dy ?? node.Outputs[i].ZerosLike())], Axis)];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Linear(node, inputTangents, 0);
}

/// <summary>Taking apart and putting together.</summary>
public static partial class Operations
{
    /// <summary>The most parts of nothing.</summary>
    private const int MostEmptyParts = 1024;

    /// <inheritdoc cref="Ops.Split"/>
    public static IReadOnlyList<Value> Split(this Value x, int[] sizes, int axis) => x.Graph.AddNode(new Split(axis, new Axes(sizes)), [x]).Outputs;

    /// <summary>Cuts a tensor along one dimension into equal parts; see <see cref="Ops.Split"/>.</summary>
    /// <exception cref="ShapeException">The dimension's length is unknown, or not a multiple of <paramref name="parts"/>.</exception>
    public static IReadOnlyList<Value> Split(this Value x, int parts, int axis)
    {
        if (!Along.Fits(axis, x.Shape) || x.Shape[axis] == Shape.Unknown || parts < 1 || parts > Math.Max(x.Shape[axis], MostEmptyParts) || x.Shape[axis] % parts != 0)
            throw new ShapeException($"Split({x}): dimension {axis} can't be cut into {parts} equal parts; give their sizes.");
        return x.Split([.. Enumerable.Repeat(x.Shape[axis] / parts, parts)], axis);
    }

    /// <summary>The tensors, all of one shape, as one with a new dimension along which they stand.</summary>
    public static Value Stack(IReadOnlyList<Value> values, int axis = 0) => Concat([.. Require.NotEmpty(nameof(Stack), values).Select(v => v.ExpandDims(axis))], axis < 0 ? axis + values[0].Shape.Rank + 1 : axis);

    /// <summary>The tensors that stand along a dimension, whose length is known, without that dimension.</summary>
    public static IReadOnlyList<Value> Unstack(this Value x, int axis = 0) =>
        Along.Fits(axis, x.Shape) && x.Shape[axis] >= 0
            ? [.. x.Split([.. Enumerable.Repeat(1, x.Shape[axis])], axis).Select(v => v.Squeeze(axis))]
            : throw new ShapeException($"Unstack({x}): dimension {axis} has to exist and its length to be known.");
}
