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

    /// <summary>The same arrangement of a tensor of other lengths; null where it has none.</summary>
    public abstract MemoryLayout? For(Shape shape);

    /// <summary>The same arrangement of elements of another type; null where it has none.</summary>
    public abstract MemoryLayout? Of(DType type);

    /// <summary>
    /// Where a tensor is put together along a dimension from parts that each have this arrangement: how many runs of contiguous memory each part is
    /// cut into by the others. Null where a part does not fill whole runs.
    /// </summary>
    /// <param name="part">The shape of one of the parts.</param>
    /// <param name="dimension">The dimension, counted from 0.</param>
    public abstract long? Runs(Shape part, int dimension);

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

        public override MemoryLayout For(Shape shape) => this;

        public override MemoryLayout Of(DType type) => this;

        public override long? Runs(Shape part, int dimension) => part[..dimension].ElementCount;

        public override bool Equals(MemoryLayout? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => 0;

        public override string ToString() => "plain";
    }
}
