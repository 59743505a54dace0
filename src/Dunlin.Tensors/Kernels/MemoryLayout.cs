namespace Dunlin.Tensors.Kernels;

/// <summary>
/// How a tensor's elements of one type lie in memory while a plan runs. Users only ever see <see cref="Plain"/>; a kernel set may define others
/// that its kernels are faster on, and must then offer a kernel for every <see cref="ReorderSpec"/> from and to <see cref="Plain"/>.
/// Compared by value.
/// </summary>
public abstract class MemoryLayout : IEquatable<MemoryLayout>
{
    /// <summary>Row-major and contiguous.</summary>
    public static MemoryLayout Plain { get; } = new PlainLayout();

    /// <summary>Bytes that a tensor of the given type takes in this layout, padding included.</summary>
    public abstract long Bytes(TensorType type);

    /// <summary>
    /// Whether the elements only stand in another order, with nothing between them: then an element-wise operation may run over the
    /// memory as if it were plain, if all its operands share the layout.
    /// </summary>
    public abstract bool IsPermutation(TensorType type);

    /// <inheritdoc/>
    public abstract bool Equals(MemoryLayout? other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MemoryLayout);

    /// <inheritdoc/>
    public abstract override int GetHashCode();

    private sealed class PlainLayout : MemoryLayout
    {
        public override long Bytes(TensorType type) => type.Bytes;

        public override bool IsPermutation(TensorType type) => true;

        public override bool Equals(MemoryLayout? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => 0;

        public override string ToString() => "plain";
    }
}
