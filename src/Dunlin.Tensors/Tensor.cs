using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Dunlin.Tensors;

/// <summary>
/// An n-dimensional array in 64-byte-aligned native memory, row-major and contiguous. The memory returns to a pool when the last
/// tensor over it is collected; nothing needs disposing. Reading and writing from several threads at once is the caller's to order.
/// </summary>
public sealed unsafe class Tensor
{
    private readonly NativeBuffer _buffer;

    private Tensor(NativeBuffer buffer, DType type, Shape shape, nint offset = 0)
    {
        _buffer = buffer;
        Address = buffer.Address + offset;
        Type = type;
        Shape = shape;
        ElementCount = shape.ElementCount;
    }

    /// <summary>The element type.</summary>
    public DType Type { get; }

    /// <summary>The shape; every length is known.</summary>
    public Shape Shape { get; }

    /// <summary>How many elements there are.</summary>
    public long ElementCount { get; }

    /// <summary>Bytes of all elements.</summary>
    public long Bytes => ElementCount * Type.Size();

    /// <summary>The first element's address: a multiple of 64, but for a <see cref="Part"/>. Valid while the tensor is reachable: keep it alive with <see cref="GC.KeepAlive"/>.</summary>
    public nint Address { get; }

    /// <summary>Element type and shape together.</summary>
    public TensorType TensorType => new(Type, Shape);

    /// <summary>A tensor with arbitrary contents.</summary>
    public static Tensor Uninitialized(DType type, Shape shape) => new(NativeBuffer.Rent(new TensorType(type, shape).Bytes), type, shape);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(DType type, Shape shape) => new(NativeBuffer.RentZeroed(new TensorType(type, shape).Bytes), type, shape);

    /// <summary>A tensor of zeros in a file that is mapped into memory (<see cref="NativeBuffer.Map"/>): the system keeps in RAM what is in use of it.</summary>
    /// <param name="type">The element type.</param>
    /// <param name="shape">The shape, of at least one element.</param>
    /// <param name="directory">Where the file lies, which has no name.</param>
    /// <exception cref="DunlinException">There is no such directory, nothing can be written to it, or it is full.</exception>
    public static Tensor Mapped(DType type, Shape shape, string directory) => new(NativeBuffer.Map(directory, new TensorType(type, shape).Bytes), type, shape);

    /// <summary>A tensor that holds a copy of the given elements.</summary>
    /// <exception cref="ShapeException">The number of elements is not the shape's.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> elements, Shape shape) where T : unmanaged
    {
        if (elements.Length != shape.ElementCount)
            throw new ShapeException($"{elements.Length} elements do not fill the shape {shape} of {shape.ElementCount}.");
        var tensor = Uninitialized(DTypes.Of<T>(), shape);
        elements.CopyTo(tensor.Span<T>());
        return tensor;
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape)"/>
    public static Tensor From<T>(T[] elements, Shape shape) where T : unmanaged => From<T>(elements.AsSpan(), shape);

    /// <summary>A tensor of one dimension that holds a copy of the given elements.</summary>
    public static Tensor From<T>(T[] elements) where T : unmanaged => From<T>(elements.AsSpan(), [elements.Length]);

    /// <summary>A copy of a .NET tensor span, whatever its strides.</summary>
    public static Tensor From<T>(in ReadOnlyTensorSpan<T> elements) where T : unmanaged
    {
        var lengths = new int[elements.Rank];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = checked((int)elements.Lengths[i]);
        var tensor = Uninitialized(DTypes.Of<T>(), Shape.Create(lengths));
        elements.FlattenTo(tensor.Span<T>());
        return tensor;
    }

    /// <summary>A tensor of no dimensions.</summary>
    public static Tensor Scalar<T>(T value) where T : unmanaged => From([value], Shape.Scalar);

    /// <summary>The elements, in row-major order, without a copy.</summary>
    /// <exception cref="DunlinException"><typeparamref name="T"/> is not the element type, or there are more than 2^31 elements.</exception>
    public Span<T> Span<T>() where T : unmanaged
    {
        Expect<T>();
        if (ElementCount > int.MaxValue)
            throw new DunlinException($"{this} has more elements than a Span can hold; use AsTensorSpan<{typeof(T).Name}>().");
        return new Span<T>((void*)Address, (int)ElementCount);
    }

    /// <summary>The elements as a .NET tensor span, without a copy.</summary>
    /// <exception cref="DunlinException"><typeparamref name="T"/> is not the element type.</exception>
    public TensorSpan<T> AsTensorSpan<T>() where T : unmanaged
    {
        Expect<T>();
        var lengths = new nint[Shape.Rank];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = Shape[i];
        return new TensorSpan<T>((T*)Address, (nint)ElementCount, lengths, default);
    }

    /// <summary>The elements as bytes.</summary>
    public Span<byte> RawBytes => Bytes <= int.MaxValue
        ? new((void*)Address, (int)Bytes)
        : throw new DunlinException($"{this} has {Bytes:N0} bytes, more than a Span can hold; read it in pieces by Address.");

    /// <summary>The only element of a tensor of one element.</summary>
    public T Item<T>() where T : unmanaged
    {
        if (ElementCount != 1) throw new ShapeException($"Item reads the only element of a tensor; {this} has {ElementCount}.");
        var item = Span<T>()[0];
        GC.KeepAlive(this);
        return item;
    }

    /// <summary>A copy of the elements in an array.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var copy = Span<T>().ToArray();
        // The span does not keep the memory: without this it may be another's before the last element is read.
        GC.KeepAlive(this);
        return copy;
    }

    /// <summary>The same memory under another shape with as many elements.</summary>
    /// <exception cref="ShapeException">The number of elements differs.</exception>
    public Tensor Reshape(Shape shape) => shape.ElementCount == ElementCount
        ? new Tensor(_buffer, Type, shape, Address - _buffer.Address)
        : throw new ShapeException($"{this} of {ElementCount} elements can't take the shape {shape} of {shape.ElementCount}.");

    /// <summary>
    /// Consecutive elements, such as some rows: the same memory, which it keeps. Its <see cref="Address"/> need not be a multiple of 64, so it is for copying, sending and receiving, and not for kernels.
    /// </summary>
    /// <param name="first">The number of the first one, in row-major order; at least 0.</param>
    /// <param name="shape">The shape that they take.</param>
    /// <exception cref="ShapeException">The tensor has not so many.</exception>
    public Tensor Part(long first, Shape shape) => first >= 0 && first <= ElementCount - shape.ElementCount
        ? new Tensor(_buffer, Type, shape, Address - _buffer.Address + (nint)(first * Type.Size()))
        : throw new ShapeException($"{this} has no {shape.ElementCount} elements from element {first} on, for the shape {shape}.");

    /// <summary>A copy with memory of its own.</summary>
    public Tensor Clone()
    {
        var copy = Uninitialized(Type, Shape);
        CopyTo(copy);
        return copy;
    }

    /// <summary>Copies all elements into a tensor of equal type and shape.</summary>
    /// <exception cref="ShapeException">Type or shape differ.</exception>
    public void CopyTo(Tensor target)
    {
        if (target.TensorType != TensorType) throw new ShapeException($"{this} can't be copied into {target}.");
        Buffer.MemoryCopy((void*)Address, (void*)target.Address, target.Bytes, Bytes);
        GC.KeepAlive(this);
        GC.KeepAlive(target);
    }

    /// <summary>Such as <c>Float32[64, 10]</c>.</summary>
    public override string ToString() => TensorType.ToString();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Expect<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != Type) throw new DunlinException($"{this} holds {Type}, not {typeof(T).Name}.");
    }
}
