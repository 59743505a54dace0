namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// A layout that oneDNN chose. It holds lengths of its own, which need not be the shape's: weights of a grouped convolution
/// [O, C / g, K…] are [g, O / g, C / g, K…] to oneDNN, the same memory when plain. It also holds the element type: values of another are never in it.
/// </summary>
internal sealed class OneDnnLayout : MemoryLayout
{
    private readonly OneDnnAbi _abi;

    private OneDnnLayout(OneDnnAbi abi, MemoryDesc desc) => (_abi, Desc) = (abi, desc);

    public MemoryDesc Desc { get; }

    /// <summary>The layout of a descriptor, which is <see cref="MemoryLayout.Plain"/> where it describes row-major elements.</summary>
    public static MemoryLayout Of(OneDnnAbi abi, MemoryDesc desc) => desc.Matches(abi.Plain(desc.Form.Lengths, desc.Form.Type)) ? Plain : new OneDnnLayout(abi, desc);

    /// <summary>The descriptor of elements of the given lengths in a layout; plain where the layout is over others.</summary>
    public static MemoryDesc DescOf(OneDnnAbi abi, MemoryLayout layout, ReadOnlySpan<int> lengths, DataType type) =>
        layout is OneDnnLayout { Desc.Form: { IsBlocked: true } form } known && form.Type == type && form.Has(lengths) ? known.Desc : abi.Plain(lengths, type);

    public override long Bytes(TensorType type) => Desc.Bytes;

    public override bool IsPermutation(TensorType type) =>
        Desc.Form.IsBlocked && !Desc.Form.HasPadding && Desc.Form.Type == DataTypes.Of(type.Type) && Desc.Bytes == type.Bytes;

    public override MemoryLayout? For(Shape shape)
    {
        if (!Desc.Form.IsBlocked || Desc.Form.Rank != shape.Rank) return null;
        var desc = _abi.Formed(Desc.Form.WithLengths(shape.Dimensions));
        return desc.Form.Blocks.AsSpan().SequenceEqual(Desc.Form.Blocks) ? Of(_abi, desc) : null;
    }

    public override MemoryLayout? Of(DType type)
    {
        var form = Desc.Form;
        if (form.Type == DataTypes.Of(type)) return this;
        if (!form.IsBlocked || DataTypes.Of(type) is DataType.Undefined) return null;
        var desc = _abi.Formed(form with { Type = DataTypes.Of(type) });
        return desc.Form.Blocks.AsSpan().SequenceEqual(form.Blocks) && desc.Form.PaddedLengths.AsSpan().SequenceEqual(form.PaddedLengths) ? Of(_abi, desc) : null;
    }

    public override long? Runs(Shape part, int dimension)
    {
        var form = Desc.Form;
        if (!form.IsBlocked || form.Rank != part.Rank || part[dimension] % form.BlockOf(dimension) != 0) return null;
        return form.FromInnermost().SkipWhile(d => d != dimension).Skip(1).Aggregate(1L, (runs, d) => runs * ((part[d] + form.BlockOf(d) - 1) / form.BlockOf(d)));
    }

    public override bool Equals(MemoryLayout? other) => other is OneDnnLayout layout && Desc.Matches(layout.Desc);

    public override int GetHashCode()
    {
        // Strides stay out: of dimensions of length 1 they differ between equal descriptors.
        var hash = new HashCode();
        foreach (var length in Desc.Form.Lengths) hash.Add(length);
        foreach (var block in Desc.Form.Blocks) hash.Add(block);
        return hash.ToHashCode();
    }

    /// <summary>Such as <c>oneDNN aBcd16b</c>.</summary>
    public override string ToString() => $"oneDNN {Desc.Form}";
}
