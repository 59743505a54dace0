using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// How a tensor is put together from parts along one dimension: as runs of contiguous memory, in which the parts take turns. Blocked layouts are kept where
/// every part fills whole blocks, so that joining and cutting never cost a change of layout.
/// </summary>
/// <param name="Whole">The layout of the tensor.</param>
/// <param name="Parts">The layout of each part.</param>
/// <param name="Outer">Runs of each part.</param>
/// <param name="Runs">Bytes of a run of each part.</param>
internal sealed record PartLayout(MemoryLayout Whole, IReadOnlyList<MemoryLayout> Parts, long Outer, IReadOnlyList<long> Runs)
{
    /// <summary>The parts in a layout, or plain where that does not keep them apart.</summary>
    /// <param name="whole">The tensor.</param>
    /// <param name="parts">The parts in order.</param>
    /// <param name="dimension">The dimension along which they stand, counted from 0.</param>
    /// <param name="wanted">The layout at hand, of the tensor or one of the parts.</param>
    public static PartLayout Of(TensorType whole, IReadOnlyList<TensorType> parts, int dimension, MemoryLayout wanted) =>
        Try(whole, parts, dimension, wanted) ?? Try(whole, parts, dimension, MemoryLayout.Plain)!;

    private static PartLayout? Try(TensorType whole, IReadOnlyList<TensorType> parts, int dimension, MemoryLayout wanted)
    {
        if (wanted.For(whole.Shape) is not { } layout) return null;
        var (layouts, runs) = (new MemoryLayout[parts.Count], new long[parts.Count]);
        long? outer = null;
        for (var i = 0; i < parts.Count; i++)
        {
            if (wanted.For(parts[i].Shape) is not { } part || wanted.Runs(parts[i].Shape, dimension) is not { } times || (outer ?? times) != times) return null;
            (layouts[i], outer) = (part, times);
            runs[i] = times == 0 ? 0 : part.Bytes(parts[i]) / times;
        }
        return outer * runs.Sum() == layout.Bytes(whole) ? new(layout, layouts, outer ?? 0, runs) : null;
    }
}

/// <summary>Copies parts into the tensor that they make up, or out of it.</summary>
/// <param name="outer">Runs of each part.</param>
/// <param name="row">Bytes of the tensor from one run of a part to its next.</param>
/// <param name="parts">The parts to copy: which operand it is, where its runs begin in a row of the tensor, and their bytes.</param>
/// <param name="whole">Which operand is the tensor.</param>
/// <param name="joins">Whether the parts are copied into the tensor.</param>
internal sealed unsafe class PartsKernel(long outer, long row, (int Operand, long Begin, long Bytes)[] parts, int whole, bool joins)
    : ParallelKernel(outer * parts.Sum(p => p.Bytes) / sizeof(float))
{
    private readonly long _copied = parts.Sum(p => p.Bytes);

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(outer * _copied, worker, workers, 64);
        if (begin >= end) return;
        // A position counts the copied bytes of all runs; the first part of the first run may begin in its middle, and the last end there.
        var (run, within, part) = (begin / _copied, begin % _copied, 0);
        while (within >= parts[part].Bytes) within -= parts[part++].Bytes;
        for (var left = end - begin; left > 0; within = 0)
        {
            var (operand, at, bytes) = parts[part];
            var count = Math.Min(bytes - within, left);
            var inWhole = Operand<byte>(whole) + run * row + at + within;
            var inPart = Operand<byte>(operand) + run * bytes + within;
            Buffer.MemoryCopy(joins ? inPart : inWhole, joins ? inWhole : inPart, count, count);
            left -= count;
            if (++part == parts.Length) (part, run) = (0, run + 1);
        }
    }
}
