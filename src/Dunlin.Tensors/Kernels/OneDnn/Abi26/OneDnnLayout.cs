namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>
/// A layout that oneDNN chose. It holds lengths of its own, which need not be the shape's: weights of a grouped convolution
/// [O, C / g, K…] are [g, O / g, C / g, K…] to oneDNN, the same memory when plain.
/// </summary>
internal sealed class OneDnnLayout : MemoryLayout
{
    private readonly MemoryDesc _desc;

    private OneDnnLayout(in MemoryDesc desc) => _desc = desc;

    public ref readonly MemoryDesc Desc => ref _desc;

    /// <summary>The layout of a descriptor, which is <see cref="MemoryLayout.Plain"/> where it describes row-major elements.</summary>
    public static MemoryLayout Of(in MemoryDesc desc) =>
        desc.Matches(MemoryDesc.Plain(desc.LengthsAsInt32(), desc.Type)) ? Plain : new OneDnnLayout(desc);

    /// <summary>The descriptor of float32 elements of the given lengths in a layout; plain where the layout is over others.</summary>
    public static MemoryDesc DescOf(MemoryLayout layout, ReadOnlySpan<int> lengths) =>
        layout is OneDnnLayout { Desc: var desc } && desc.Kind == FormatKind.Blocked && desc.Type == DataType.Float32 && desc.Has(lengths)
            ? desc
            : MemoryDesc.Plain(lengths);

    public override long Bytes(TensorType type) => _desc.Bytes;

    /// <summary>Whether lengths, strides and blocks say all.</summary>
    private bool IsDense => _desc.Kind == FormatKind.Blocked && _desc.Offset == 0 && _desc.Extra.Flags == 0;

    public override bool IsPermutation(TensorType type)
    {
        if (!IsDense) return false;
        for (var i = 0; i < _desc.Rank; i++)
            if (_desc.PaddedLengths[i] != _desc.Lengths[i])
                return false;
        return _desc.Bytes == type.Bytes;
    }

    public override MemoryLayout? For(Shape shape) =>
        IsDense && _desc.Rank == shape.Rank ? Of(MemoryDesc.Like(_desc, shape.Dimensions)) : null;

    public override long? Runs(Shape part, int dimension)
    {
        if (!IsDense || _desc.Rank != part.Rank || part[dimension] % BlockOf(dimension) != 0) return null;
        var runs = 1L;
        for (var i = 0; i < part.Rank; i++)
        {
            var isOuter = _desc.Blocking.Strides[i] > _desc.Blocking.Strides[dimension] || (i < dimension && _desc.Blocking.Strides[i] == _desc.Blocking.Strides[dimension]);
            if (isOuter) runs *= (part[i] + BlockOf(i) - 1) / BlockOf(i);
        }
        return runs;
    }

    public override bool Equals(MemoryLayout? other) => other is OneDnnLayout layout && _desc.Matches(layout._desc);

    public override int GetHashCode()
    {
        // Strides stay out: of dimensions of length 1 they differ between equal descriptors.
        var hash = new HashCode();
        for (var i = 0; i < _desc.Rank; i++) hash.Add(_desc.Lengths[i]);
        if (_desc.Kind != FormatKind.Blocked) return hash.ToHashCode();
        for (var i = 0; i < _desc.Blocking.InnerCount; i++) hash.Add(_desc.Blocking.InnerBlocks[i]);
        return hash.ToHashCode();
    }

    /// <summary>How many neighbours along a dimension stand together.</summary>
    private long BlockOf(int dimension)
    {
        var block = 1L;
        for (var i = 0; i < _desc.Blocking.InnerCount; i++)
            if (_desc.Blocking.InnerIndices[i] == dimension) block *= _desc.Blocking.InnerBlocks[i];
        return block;
    }

    /// <summary>Such as <c>oneDNN aBcd16b</c>: letters from the outermost dimension, capitals where it is blocked, then the blocks.</summary>
    public override string ToString()
    {
        if (_desc.Kind != FormatKind.Blocked) return $"oneDNN {_desc.Kind}";
        var blocking = _desc.Blocking;
        var blocks = Enumerable.Range(0, blocking.InnerCount).Select(i => (Length: blocking.InnerBlocks[i], Dimension: (int)blocking.InnerIndices[i])).ToArray();
        var order = Enumerable.Range(0, _desc.Rank).OrderByDescending(d => blocking.Strides[d]).ThenBy(d => d)
            .Select(d => (char)((blocks.Any(b => b.Dimension == d) ? 'A' : 'a') + d));
        return $"oneDNN {string.Concat(order)}{string.Concat(blocks.Select(b => $"{b.Length}{(char)('a' + b.Dimension)}"))}";
    }
}
