using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Which places of padded sequences are real: y[n…, t] = t &lt; lengths[n…]. Inputs: lengths[n…] (Int32 or Int64, 0 to T) and a value of
/// which one dimension has the length T, for its shape only. Output: Bool[n…, T]. Another length is an error when it runs.
/// </summary>
/// <param name="Axis">The dimension of the second input that runs along the sequences; a negative one counts from the last.</param>
public sealed record SequenceMask(int Axis) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its input is made of integers.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[0].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "the first input, the lengths, is Int32 or Int64.");
        return Along.Fits(Axis, inputs[1].Shape) ? [new(DType.Bool, inputs[0].Shape.Append(inputs[1].Shape[Axis]))] : throw Mismatch(inputs, $"the second input has no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(inputs[1].IsBatched ? this with { Axis = Batching.Axis(Axis) } : this, [inputs[0].Value, inputs[1].Value])];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(new MaskKernel(context.Inputs[0], context.Outputs[0].Shape[^1]), 1, 2, 1);

    private sealed unsafe class MaskKernel(TensorType lengths, int length) : Kernel
    {
        private readonly RowNumbers _lengths = new("SequenceMask", "length", lengths, length + 1);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            for (var n = 0L; n < _lengths.Count; n++)
            {
                var row = new Span<bool>((bool*)buffers[1] + n * length, length);
                var real = (int)_lengths.At(buffers[0], n);
                row[..real].Fill(true);
                row[real..].Clear();
            }
        }
    }
}

/// <summary>Padded sequences.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SequenceMask"/>
    /// <param name="lengths">The sequences' lengths.</param>
    /// <param name="like">A value that has the padded length as one of its dimensions.</param>
    /// <param name="axis">Which dimension.</param>
    public static Value SequenceMask(this Value lengths, Value like, int axis = 1) => lengths.Graph.Add(new SequenceMask(axis), [lengths, like]);
}
