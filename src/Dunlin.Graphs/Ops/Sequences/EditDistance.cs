using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The least number of insertions, deletions and substitutions that make one sequence of numbers another (Levenshtein, 1965). Inputs: a[N, A],
/// b[N, B] (both Int32 or both Int64; what stands behind a sequence's end does not matter), lengths of a [N] and of b [N]. Output: Float32[N].
/// </summary>
/// <param name="Normalized">Whether to divide by the length of b, the truth: then the distance to an empty truth is ∞, but 0 from nothing.</param>
public sealed record EditDistance(bool Normalized) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its inputs are made of integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        if (inputs.Any(i => i.Type is not (DType.Int32 or DType.Int64)) || inputs[0].Type != inputs[1].Type) throw Mismatch(inputs, "takes two tensors of Int32 or of Int64, and lengths of integers.");
        var rows = inputs[0].Shape.Rank == 2 ? inputs[0].Shape[..1] : throw Mismatch(inputs, "the first input is [N, A].");
        return inputs[1].Shape.Rank == 2 && rows.Accepts(inputs[1].Shape[..1]) && rows.Accepts(inputs[2].Shape) && rows.Accepts(inputs[3].Shape)
            ? [new(DType.Float32, rows)]
            : throw Mismatch(inputs, "takes a[N, A], b[N, B], and the lengths of each [N].");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new DistanceKernel(context.Inputs, Normalized)
    {
        ScratchBytes = sizeof(int) * (context.Inputs[1].Shape[1] + 1L) * context.Threads.Size,
    };

    private sealed unsafe class DistanceKernel(IReadOnlyList<TensorType> inputs, bool normalized)
        : ParallelKernel(inputs[0].Shape.ElementCount * inputs[1].Shape[1])
    {
        private readonly int _a = inputs[0].Shape[1];
        private readonly int _b = inputs[1].Shape[1];
        private readonly bool _short = inputs[0].Type == DType.Int32;
        private readonly RowNumbers _lengthsOfA = new("EditDistance", "length", inputs[2], inputs[0].Shape[1] + 1);
        private readonly RowNumbers _lengthsOfB = new("EditDistance", "length", inputs[3], inputs[1].Shape[1] + 1);

        public override void Execute(int worker, int workers)
        {
            var row = Operand<int>(5) + worker * (_b + 1L);
            var (begin, end) = ThreadTeam.Share(_lengthsOfA.Count, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var (a, b) = ((int)_lengthsOfA.At(Buffers[2], n), (int)_lengthsOfB.At(Buffers[3], n));
                var distance = _short
                    ? Distance(new ReadOnlySpan<int>(Operand<int>(0) + n * _a, a), new ReadOnlySpan<int>(Operand<int>(1) + n * _b, b), row)
                    : Distance(new ReadOnlySpan<long>(Operand<long>(0) + n * _a, a), new ReadOnlySpan<long>(Operand<long>(1) + n * _b, b), row);
                Operand<float>(4)[n] = !normalized ? distance : b > 0 ? (float)distance / b : a > 0 ? float.PositiveInfinity : 0;
            }
        }

        /// <summary>Row by row of the table of distances between beginnings; only one row is kept.</summary>
        private static int Distance<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, int* row) where T : IEquatable<T>
        {
            for (var j = 0; j <= b.Length; j++) row[j] = j;
            for (var i = 0; i < a.Length; i++)
            {
                var diagonal = row[0];
                row[0] = i + 1;
                for (var j = 0; j < b.Length; j++)
                {
                    var substituted = diagonal + (a[i].Equals(b[j]) ? 0 : 1);
                    diagonal = row[j + 1];
                    row[j + 1] = Math.Min(substituted, 1 + Math.Min(diagonal, row[j]));
                }
            }
            return row[b.Length];
        }
    }
}

/// <summary>Comparing sequences.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.EditDistance"/>
    /// <param name="a">[N, A].</param>
    /// <param name="lengthsOfA">[N].</param>
    /// <param name="b">[N, B]: the truth.</param>
    /// <param name="lengthsOfB">[N].</param>
    /// <param name="normalized">Whether to divide by the length of b.</param>
    public static Value EditDistance(this Value a, Value lengthsOfA, Value b, Value lengthsOfB, bool normalized = false) =>
        a.Graph.Add(new EditDistance(normalized), [a, b, lengthsOfA, lengthsOfB]);
}
