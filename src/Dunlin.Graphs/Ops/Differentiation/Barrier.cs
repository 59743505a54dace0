namespace Dunlin.Graphs.Ops;

/// <summary>
/// The first input, which is there no sooner than the others are computed. It is never taken for the value it stands for: what is
/// computed from it is computed again.
/// </summary>
/// <remarks>Gradient: dy for the first input.</remarks>
public sealed record Barrier : View
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this, [batching.Everywhere(inputs[0]), .. inputs.Skip(1).Select(i => i.Value)])];

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => inputs.Count > 0 ? [inputs[0]] : throw Mismatch(inputs, "takes at least one input.");

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!, .. node.Inputs.Skip(1).Select(_ => default(Gradient))];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[0]];
}

/// <summary>Order.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Barrier"/>
    public static Value Barrier(this Value x, params IReadOnlyList<Value> after) => x.Graph.Add(new Barrier(), [x, .. after]);
}
