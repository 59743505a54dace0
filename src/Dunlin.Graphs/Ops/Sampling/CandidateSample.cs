using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>How classes are drawn.</summary>
public enum CandidateDistribution
{
    /// <summary>Each with probability 1 / C.</summary>
    Uniform,
    /// <summary>Class k with probability (log(k + 2) − log(k + 1)) / log(C + 1): near Zipf's law, for classes in falling order of frequency.</summary>
    LogUniform,
    /// <summary>Each with a probability in proportion to its count, which is given.</summary>
    Unigram,
}

/// <summary>
/// Classes drawn at random. Inputs: a counter, an Int64 scalar such as the step's number, and for <see cref="CandidateDistribution.Unigram"/> the classes'
/// counts[C] (floating-point, not negative, and not all 0). Outputs: classes Int64[S], and an Int64 scalar: how many draws it took, which is more
/// than S where a class that was drawn before is drawn again and left out. Draw i depends on (seed, stream, counter, i) alone.
/// </summary>
/// <param name="Distribution">How they are drawn.</param>
/// <param name="Classes">C, at least 1.</param>
/// <param name="Count">S, at least 0; where they are to be different, at most as many as there are classes that can be drawn.</param>
/// <param name="Unique">Whether they are different from each other.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record CandidateSample(CandidateDistribution Distribution, int Classes, int Count, bool Unique, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its outputs are integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Distribution == CandidateDistribution.Unigram ? 2 : 1);
        RandomFill.CheckCounter(inputs, 0, Mismatch);
        if (Classes < 1 || Count < 0) throw Mismatch(inputs, $"draws at least 0 of at least 1 class, not {Count} of {Classes}.");
        if (Unique && Count > Classes) throw Mismatch(inputs, $"there are no {Count} different classes among {Classes}.");
        if (inputs.Count > 1 && (!inputs[1].Type.IsFloat() || !Shape.Of(Classes).Accepts(inputs[1].Shape))) throw Mismatch(inputs, $"the counts are floating-point [{Classes}].");
        return [new(DType.Int64, [Count]), new(DType.Int64, Shape.Scalar)];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only the counter is read, and each counter is a draw of its own.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs.Count > 1 && inputs[1].Type == DType.Float64
        ? Make<double>(inputs.Count)
        : Make<float>(inputs.Count));

    private SampleKernel<T> Make<T>(int inputs) where T : unmanaged, INumber<T>
    {
        var slots = Unique ? (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, 2 * Count)) : 0;
        return new(this, inputs, slots) { ScratchBytes = sizeof(long) * (slots + (inputs > 1 ? (long)Classes : 0)) };
    }

    private sealed unsafe class SampleKernel<T>(CandidateSample sample, int inputs, int slots) : Kernel where T : unmanaged, INumber<T>
    {
        /// <summary>Far more draws than any distribution that is not degenerate takes; reached within seconds.</summary>
        private const ulong MostDraws = 1ul << 28;

        private readonly PhiloxKey _key = new(sample.Seed, sample.Stream);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var key = _key.At(*(long*)buffers[0]);
            var drawn = (long*)buffers[inputs];
            var seen = new Span<long>((void*)buffers[inputs + 2], slots);
            var sums = (double*)buffers[inputs + 2] + slots;
            if (inputs > 1) Accumulate(new ReadOnlySpan<T>((void*)buffers[1], sample.Classes), sums);
            seen.Fill(-1);
            var (count, draws) = (0, 0ul);
            for (; count < sample.Count; draws++)
            {
                if (draws == MostDraws) throw new DunlinException($"{sample.Name}: {MostDraws} draws gave only {count} of {sample.Count} different classes; the counts are too uneven. Draw fewer, or with repetition.");
                var k = Draw(key, draws, sums);
                if (sample.Unique && !Note(seen, k)) continue;
                drawn[count++] = k;
            }
            *(long*)buffers[inputs + 1] = (long)draws;
        }

        /// <summary>The running sums of the counts.</summary>
        private void Accumulate(ReadOnlySpan<T> counts, double* sums)
        {
            var (total, possible) = (0.0, 0);
            for (var k = 0; k < counts.Length; k++)
            {
                var count = double.CreateTruncating(counts[k]);
                if (!(count >= 0) || double.IsInfinity(count)) throw new DunlinException($"{sample.Name}: the count {count} at position {k} is not a finite number of at least 0.");
                if (count > 0) possible++;
                sums[k] = total += count;
            }
            if (possible < (sample.Unique ? sample.Count : Math.Min(1, sample.Count)))
                throw new DunlinException($"{sample.Name}: only {possible} classes have a count above 0; {sample.Count} {(sample.Unique ? "different ones " : "")}are to be drawn.");
        }

        private long Draw(PhiloxKey key, ulong index, double* sums)
        {
            if (sample.Distribution == CandidateDistribution.Uniform) return (long)Philox.Below((ulong)sample.Classes, key, index);
            var (x0, x1, _, _) = Philox.Block(key, index);
            var uniform = ((x0 | (ulong)x1 << 32) >> 11) * (1.0 / (1L << 53));
            if (sample.Distribution == CandidateDistribution.LogUniform) return Math.Min(sample.Classes - 1, (long)Math.Exp(uniform * Math.Log(sample.Classes + 1.0)) - 1);
            // The first class whose sum is above the number: one without count is never it.
            var (low, high, at) = (0, sample.Classes - 1, uniform * sums[sample.Classes - 1]);
            while (low < high)
            {
                var middle = low + (high - low) / 2;
                if (sums[middle] > at) high = middle;
                else low = middle + 1;
            }
            return low;
        }

        /// <summary>Puts a class into the table of those drawn, by open addressing; false where it is there already.</summary>
        private static bool Note(Span<long> seen, long k)
        {
            var mask = seen.Length - 1;
            for (var at = (int)((ulong)k * 0x9E3779B97F4A7C15 >> 32) & mask; ; at = (at + 1) & mask)
            {
                if (seen[at] == k) return false;
                if (seen[at] >= 0) continue;
                seen[at] = k;
                return true;
            }
        }
    }
}
