namespace Dunlin.Graphs.Ops;

/// <summary>Each of 0 to n − 1 as often as counts[n] (Int32 or Int64) says, as Int64. A negative count is an error when it runs.</summary>
public sealed record RepeatNumbers : DynamicOperation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its input is made of integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type is DType.Int32 or DType.Int64 && inputs[0].Shape.Rank == 1
            ? [new(DType.Int64, [Shape.Unknown])]
            : throw Mismatch(inputs, "takes counts of Int32 or Int64, of one dimension.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var reader = new RowNumbers(Name, "count", inputs[0].TensorType, int.MaxValue);
        var total = 0L;
        for (var i = 0; i < reader.Count; i++) total += reader.At(inputs[0].Address, i);
        var numbers = Tensor.Uninitialized(DType.Int64, [checked((int)total)]);
        var rest = numbers.Span<long>();
        for (var i = 0; i < reader.Count; i++)
        {
            var count = (int)reader.At(inputs[0].Address, i);
            rest[..count].Fill(i);
            rest = rest[count..];
        }
        GC.KeepAlive(inputs[0]);
        return [numbers];
    }
}

/// <summary>Repetition.</summary>
public static partial class Operations
{
    /// <summary>Each slice along a dimension as often as counts[n] says; see <see cref="RepeatNumbers"/>. Gradient: the sum of dy over the repetitions.</summary>
    public static Value Repeat(this Value x, Value counts, int axis = 0) => x.Gather(counts.Graph.Add(new RepeatNumbers(), [counts]), axis);
}
