using System.Runtime.InteropServices;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Tensors in order, of any shapes, that live until the step ends in which they were made. A graph's values hold the handle.
/// </summary>
internal sealed unsafe class TensorList
{
    private const long BlockBytes = 64 * 1024;

    private readonly List<(TensorType Type, nint Address)> _elements = [];
    private readonly List<NativeBuffer> _blocks = [];
    private long _used;

    /// <summary>Creates an empty list, alive until the outermost step of this thread ends.</summary>
    public TensorList() => Handle = StepScope.Keep(this);

    /// <summary>What values of the graph hold.</summary>
    public nint Handle { get; }

    public int Count => _elements.Count;

    /// <summary>The list of a handle.</summary>
    public static TensorList At(nint handle) => (TensorList)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>The type of an element.</summary>
    public TensorType TypeOf(int index) => _elements[index].Type;

    /// <summary>The address of an element that is to have the given type.</summary>
    public nint Element(int index, TensorType type) => _elements[index] is var element && element.Type == type
        ? element.Address
        : throw new ShapeException($"Element {index} of a list is {element.Type} where {type} is expected.");

    /// <summary>A copy of an element.</summary>
    public Tensor ToTensor(int index)
    {
        var (type, address) = _elements[index];
        var tensor = Tensor.Uninitialized(type.Type, type.Shape);
        Buffer.MemoryCopy((void*)address, (void*)tensor.Address, tensor.Bytes, tensor.Bytes);
        return tensor;
    }

    /// <summary>Copies an element behind the last.</summary>
    public void Add(TensorType type, nint elements)
    {
        var address = Allocate(type.Bytes);
        Buffer.MemoryCopy((void*)elements, (void*)address, type.Bytes, type.Bytes);
        _elements.Add((type, address));
    }

    /// <summary>Puts an element in another's place; elements are never changed, so lists may share them.</summary>
    public void Set(int index, TensorType type, nint elements)
    {
        Add(type, elements);
        _elements[index] = _elements[^1];
        _elements.RemoveAt(_elements.Count - 1);
    }

    /// <summary>A list of the same elements.</summary>
    public TensorList Copy()
    {
        var copy = new TensorList();
        copy._elements.AddRange(_elements);
        copy._blocks.AddRange(_blocks);
        copy._used = long.MaxValue;
        return copy;
    }

    public void Reverse() => _elements.Reverse();

    private nint Allocate(long bytes)
    {
        var rounded = (bytes + 63) & -64;
        if (_blocks.Count == 0 || _used > _blocks[^1].Capacity - rounded)
        {
            _blocks.Add(NativeBuffer.Rent(Math.Max(rounded, Math.Min(BlockBytes, 1024L << Math.Min(_blocks.Count, 16)))));
            _used = 0;
        }
        var address = _blocks[^1].Address + (nint)_used;
        _used += rounded;
        return address;
    }
}

/// <summary>A run of a step on this thread. What lives for a step is freed when the outermost one ends.</summary>
internal static class StepScope
{
    [ThreadStatic]
    private static int _depth;
    [ThreadStatic]
    private static List<GCHandle>? _kept;

    public static void Enter() => _depth++;

    public static void Leave()
    {
        if (--_depth > 0 || _kept is not { Count: > 0 } kept) return;
        foreach (var handle in kept) handle.Free();
        kept.Clear();
    }

    /// <summary>Keeps an object alive until the step ends.</summary>
    public static nint Keep(object value)
    {
        if (_depth == 0) throw new InvalidOperationException("There is no step.");
        var handle = GCHandle.Alloc(value);
        (_kept ??= []).Add(handle);
        return GCHandle.ToIntPtr(handle);
    }
}
