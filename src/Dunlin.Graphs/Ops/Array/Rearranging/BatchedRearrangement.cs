namespace Dunlin.Graphs.Ops;

/// <summary>A rearrangement of each of the tensors that stand along the first dimension.</summary>
/// <remarks>Gradient: as the rearrangement's.</remarks>
/// <param name="Each">What is done to each.</param>
public sealed record BatchedRearrangement(Rearrangement Each) : Rearrangement
{
    /// <inheritdoc/>
    public override string Name => $"Batched{Each.Name}";

    /// <inheritdoc/>
    protected internal override double Blank => Each.Blank;

    /// <inheritdoc/>
    protected internal override Rearrangement Linear => ReferenceEquals(Each.Linear, Each) ? this : new BatchedRearrangement(Each.Linear);

    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var (type, x) = inputs[0];
        return x.Rank > 0 ? x[..1].Append(Each.Infer([new(type, x[1..])])[0].Shape.Dimensions) : throw Mismatch(inputs, "takes at least one dimension.");
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) => [Same(input[0]), .. Each.Maps(input[1..], output[1..])];
}
