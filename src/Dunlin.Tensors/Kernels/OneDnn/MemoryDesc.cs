using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// A descriptor of memory: lengths, element type and how the elements lie. Until version 3 a C structure, since then an opaque object. Descriptors are
/// shared between layouts and kernels, small, and made while preparing only: all are left to the finaliser.
/// </summary>
internal abstract class MemoryDesc : SafeHandle
{
    private protected MemoryDesc(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    /// <summary>Says that an operand is not there.</summary>
    public static MemoryDesc None { get; } = new NoDesc();

    public override bool IsInvalid => handle == 0;

    /// <summary>The descriptor's contents.</summary>
    public MemoryForm Form => field ??= Read();

    /// <summary>Bytes, padding included.</summary>
    public long Bytes => (long)Native.dnnl_memory_desc_get_size(this);

    /// <summary>Whether both describe the same elements in the same places.</summary>
    public bool Matches(MemoryDesc other) => Native.dnnl_memory_desc_equal(this, other) != 0;

    private protected abstract MemoryForm Read();

    private sealed class NoDesc() : MemoryDesc(0)
    {
        private protected override MemoryForm Read() => throw new InvalidOperationException("There is no descriptor to read.");

        protected override bool ReleaseHandle() => true;
    }
}

/// <summary>What a descriptor says.</summary>
/// <param name="Type">The elements' type.</param>
/// <param name="Lengths">As the operation sees them.</param>
/// <param name="PaddedLengths">With the padding that fills whole blocks.</param>
/// <param name="Strides">In elements, between whole blocks; empty where the layout is the library's secret.</param>
/// <param name="Blocks">The dense blocks innermost, from the outer one, each with the dimension that it divides.</param>
internal sealed record MemoryForm(DataType Type, int[] Lengths, int[] PaddedLengths, long[] Strides, (int Length, int Dimension)[] Blocks)
{
    public int Rank => Lengths.Length;

    /// <summary>Whether strides and blocks say all about the layout.</summary>
    public bool IsBlocked => Strides.Length == Lengths.Length;

    public bool HasPadding => !Lengths.AsSpan().SequenceEqual(PaddedLengths);

    public long ElementCount => Lengths.Aggregate(1L, (count, length) => count * length);

    public bool Has(ReadOnlySpan<int> lengths) => lengths.SequenceEqual(Lengths);

    /// <summary>Dimensions by stride; of equal strides (lengths of 1) the later one is the inner one.</summary>
    public IEnumerable<int> FromInnermost() => Enumerable.Range(0, Rank).OrderBy(d => Strides[d]).ThenByDescending(d => d);

    /// <summary>How many neighbours along a dimension stand together.</summary>
    public int BlockOf(int dimension) => Blocks.Where(b => b.Dimension == dimension).Aggregate(1, (size, b) => size * b.Length);

    /// <summary>
    /// Other lengths in the same order and blocks, packed: the counterpart of a pooling's output on its input's side.
    /// </summary>
    public MemoryForm WithLengths(ReadOnlySpan<int> lengths)
    {
        int[] blocks = [.. Enumerable.Range(0, Rank).Select(BlockOf)];
        var (padded, strides) = (new int[Rank], new long[Rank]);
        var stride = Blocks.Aggregate(1L, (size, b) => size * b.Length);
        foreach (var d in FromInnermost())
        {
            var count = (lengths[d] + blocks[d] - 1) / blocks[d];
            padded[d] = count * blocks[d];
            strides[d] = stride;
            stride *= count;
        }
        return this with { Lengths = lengths.ToArray(), PaddedLengths = padded, Strides = strides };
    }

    /// <summary>Such as <c>aBcd16b</c>: letters from the outermost dimension, capitals where it is blocked, then the blocks.</summary>
    public override string ToString() => !IsBlocked ? "opaque" : string.Concat(FromInnermost().Reverse()
            .Select(d => (char)((Blocks.Any(b => b.Dimension == d) ? 'A' : 'a') + d)))
        + string.Concat(Blocks.Select(b => $"{b.Length}{(char)('a' + b.Dimension)}"));
}
