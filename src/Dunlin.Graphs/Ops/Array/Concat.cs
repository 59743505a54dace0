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
    public override Kernel Prepare(PrepareContext context) => new ConcatKernel(context.Inputs, context.Outputs[0], Axis);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => [Operations.Concat(batching.Everywhere(inputs), Axis + 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [.. Enumerable.Range(0, node.Inputs.Count).Select(i => (Gradient)outputGradients[0]!.Graph.Add(new ConcatPart(Axis, i), [outputGradients[0]!, .. node.Inputs]))];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        Tangents.Linear(node, inputTangents, [.. Enumerable.Range(0, node.Inputs.Count)]);

    private sealed unsafe class ConcatKernel(IReadOnlyList<TensorType> inputs, TensorType output, int axis) : Kernel
    {
        private readonly long _outer = output.Shape[..axis].ElementCount;
        private readonly long[] _runs = [.. inputs.Select(i => i.Shape[axis..].ElementCount * i.Type.Size())];

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var target = (byte*)buffers[_runs.Length];
            for (var o = 0L; o < _outer; o++)
                for (var i = 0; i < _runs.Length; i++)
                {
                    Buffer.MemoryCopy((byte*)buffers[i] + o * _runs[i], target, _runs[i], _runs[i]);
                    target += _runs[i];
                }
        }
    }
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
    public override Kernel Prepare(PrepareContext context) => new PartKernel(context.Inputs, Axis, Part);

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

    private sealed unsafe class PartKernel(IReadOnlyList<TensorType> inputs, int axis, int part) : Kernel
    {
        private readonly long _outer = inputs[0].Shape[..axis].ElementCount;
        private readonly long _row = inputs[0].Shape[axis..].ElementCount * inputs[0].Type.Size();
        private readonly long _run = inputs[part + 1].Shape[axis..].ElementCount * inputs[0].Type.Size();
        private readonly long _skip = inputs.Skip(1).Take(part).Sum(i => i.Shape[axis..].ElementCount) * inputs[0].Type.Size();
        private readonly int _output = inputs.Count;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            for (var o = 0L; o < _outer; o++)
                Buffer.MemoryCopy((byte*)buffers[0] + o * _row + _skip, (byte*)buffers[_output] + o * _run, _run, _run);
        }
    }
}

/// <summary>Joining.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Concat"/>
    public static Value Concat(IReadOnlyList<Value> values, int axis) => values.Count == 1
        ? values[0]
        : values[0].Graph.Add(new Concat(axis < 0 ? axis + values[0].Shape.Rank : axis), values);
}
