using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Tensors in order, of any shapes, that live until the step ends in which they were made. A graph's values hold the handle. What a value
/// holds is never changed: a list with one more element, or another in its place, is a new list that shares all others, in constant time at the
/// end and in logarithmic time elsewhere. An element may be there without memory: it is zero.
/// </summary>
internal sealed unsafe class TensorList
{
    private const nint TypedZero = -1;

    // Elements behind each other, of which this list is the first ones: lists made by appending share them.
    private List<Entry> _row;
    private int _length;
    // Once an element was replaced.
    private ImmutableList<Entry>? _tree;
    // Or only the elements that are not zero, by their places.
    private Dictionary<int, Entry>? _sparse;

    /// <summary>Creates an empty list, alive until the outermost step of this thread ends.</summary>
    public TensorList(TensorType? elementType = null) : this([], 0, null) => ElementType = elementType;

    private TensorList(List<Entry> row, int length, ImmutableList<Entry>? tree)
    {
        (_row, _length, _tree) = (row, length, tree);
        Handle = StepScope.Keep(this);
    }

    /// <summary>What values of the graph hold.</summary>
    public nint Handle { get; }

    public int Count => _tree?.Count ?? _length;

    /// <summary>What an element would be, where that is known though there may be none.</summary>
    public TensorType? ElementType { get; init; }

    /// <summary>The places of all elements that are not zero, where only these are kept; else null.</summary>
    public IReadOnlyCollection<int>? Places => _sparse?.Keys;

    /// <summary>A list of zeros but for elements of one type at some places, in memory of the step's own: it takes no more memory than those.</summary>
    public static TensorList AtPlaces(TensorType type, Dictionary<int, nint> elements) => AtPlaces(elements.ToDictionary(e => e.Key, e => new Entry(type, e.Value)));

    /// <summary>This list with the elements of another one, of which only some are not zero, at their places; so are this one's.</summary>
    /// <param name="other">The other.</param>
    /// <param name="sum">Where what is to be at a place lies, or 0 for the other's element.</param>
    public TensorList Merged(TensorList other, Func<int, nint> sum)
    {
        var merged = new Dictionary<int, Entry>(_sparse!);
        foreach (var (place, entry) in other._sparse!) merged[place] = sum(place) is var address && address != 0 ? entry with { Address = address } : entry;
        return AtPlaces(merged);
    }

    private static TensorList AtPlaces(Dictionary<int, Entry> elements) => new([], elements.Count == 0 ? 0 : elements.Keys.Max() + 1, null) { _sparse = elements };

    /// <summary>The list of a handle.</summary>
    public static TensorList At(nint handle) => (TensorList)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>The type of an element; null for a zero in any shape.</summary>
    public TensorType? TypeOf(int index) => index < Count && this[index] is { Address: not 0 } entry ? entry.Type : null;

    /// <summary>Whether an element is zero without memory.</summary>
    public bool IsZero(int index) => index >= Count || this[index].Address is 0 or TypedZero;

    /// <summary>The type of all elements that have one, or what is known of it; null if that is nothing.</summary>
    /// <exception cref="ShapeException">Two elements differ.</exception>
    public TensorType? CommonType()
    {
        var (common, first) = ((TensorType?)null, 0);
        for (var i = 0; i < Count; i++)
        {
            if (TypeOf(i) is not { } type) continue;
            if (common is { } known && known != type)
                throw new ShapeException($"The elements of a list are to be of one type and shape, but element {first} is {known} and element {i} is {type}.");
            if (common is null) (common, first) = (type, i);
        }
        return common ?? ElementType;
    }

    /// <summary>The address of an element that is to have the given type; of zeros where there is none.</summary>
    /// <exception cref="ShapeException">It has another type.</exception>
    public nint Element(int index, TensorType type)
    {
        var entry = index < Count ? this[index] : default;
        if (entry.Address == 0 || (entry.Address == TypedZero && entry.Type == type)) return Zeros(type);
        return entry.Type == type ? entry.Address : throw new ShapeException($"Element {index} of a list is {entry.Type} where {type} is expected.");
    }

    /// <summary>A copy of an element.</summary>
    /// <param name="index">Its place.</param>
    /// <param name="otherwise">Its type where it is a zero in any shape.</param>
    public Tensor ToTensor(int index, TensorType otherwise)
    {
        var type = TypeOf(index) ?? otherwise with { Shape = Shape.Create([.. otherwise.Shape.Dimensions.ToArray().Select(d => Math.Max(d, 0))]) };
        var tensor = Tensor.Uninitialized(type.Type, type.Shape);
        Buffer.MemoryCopy((void*)Element(index, type), (void*)tensor.Address, tensor.Bytes, tensor.Bytes);
        return tensor;
    }

    /// <summary>Copies an element behind the last of a list that nobody has seen yet.</summary>
    public void Add(TensorType type, nint elements) => Add(Copy(type, elements));

    /// <summary>Puts an element of another list, or a zero, behind the last of a list that nobody has seen yet.</summary>
    public void AddFrom(TensorList? other, int index) => Add(other is not null && index < other.Count ? other[index] : default);

    /// <summary>Puts an element in memory of the step's own behind the last of a list that nobody has seen yet.</summary>
    public void AddPlace(TensorType type, nint address) => Add(new Entry(type, address));

    /// <summary>Puts a zero of a type behind the last of a list that nobody has seen yet.</summary>
    public void AddZero(TensorType type) => Add(new(type, TypedZero));

    /// <summary>The list with one more element.</summary>
    public TensorList Append(TensorType type, nint elements)
    {
        var entry = Copy(type, elements);
        Spread();
        if (_tree is not null) return new([], 0, _tree.Add(entry)) { ElementType = ElementType };
        var row = _row.Count == _length ? _row : [.. _row.Take(_length)];
        row.Add(entry);
        return new(row, _length + 1, null) { ElementType = ElementType };
    }

    /// <summary>The list with an element in another's place, or at a place behind the last one and zeros between.</summary>
    public TensorList With(int index, TensorType type, nint elements) => With(index, Copy(type, elements));

    /// <summary>The list with an element in memory of the step's own in a place, or where the address is 0 with that which another list has there.</summary>
    public TensorList With(int index, TensorList other, nint address) => With(index, other[index] is var entry && address != 0 ? entry with { Address = address } : entry);

    /// <summary>The list with a zero in an element's place.</summary>
    public TensorList WithZero(int index) => index < Count ? With(index, default) : this;

    /// <summary>The first elements.</summary>
    public TensorList Take(int count)
    {
        if (count >= Count) return this;
        if (_sparse is not null) return AtPlaces(_sparse.Where(e => e.Key < count).ToDictionary());
        if (_tree is null) return new(_row, count, null) { ElementType = ElementType };
        // Mostly it is the last element that is taken off, which is a matter of a few nodes of the tree.
        var tree = _tree;
        if (tree.Count - count > 8) tree = tree.GetRange(0, count);
        while (tree.Count > count) tree = tree.RemoveAt(tree.Count - 1);
        return new([], 0, tree) { ElementType = ElementType };
    }

    /// <summary>Turns a list around that nobody has seen yet.</summary>
    public void Reverse() => _row.Reverse();

    /// <summary>Memory for an element, zero: for a list, an empty one.</summary>
    private static nint Zeros(TensorType type)
    {
        var address = StepScope.Allocate(type.Bytes);
        new Span<byte>((void*)address, checked((int)type.Bytes)).Clear();
        if (type.Type == DType.List) *(nint*)address = new TensorList().Handle;
        return address;
    }

    private static Entry Copy(TensorType type, nint elements)
    {
        var address = StepScope.Allocate(type.Bytes);
        Buffer.MemoryCopy((void*)elements, (void*)address, type.Bytes, type.Bytes);
        return new(type, address);
    }

    private Entry this[int index] => _sparse is not null ? _sparse.GetValueOrDefault(index) : _tree is null ? _row[index] : _tree[index];

    /// <summary>Keeps all elements, whether they are zero or not.</summary>
    private void Spread()
    {
        if (_sparse is null) return;
        _row = [.. Enumerable.Range(0, _length).Select(i => this[i])];
        _sparse = null;
    }

    private void Add(Entry entry)
    {
        _row.Add(entry);
        _length++;
    }

    private TensorList With(int index, Entry entry)
    {
        Spread();
        _tree ??= [.. _row.Take(_length)];
        _row = [];
        var tree = _tree;
        if (index > tree.Count) tree = tree.AddRange(Enumerable.Repeat(default(Entry), index - tree.Count));
        return new([], 0, index < tree.Count ? tree.SetItem(index, entry) : tree.Add(entry)) { ElementType = ElementType };
    }

    /// <summary>An element.</summary>
    /// <param name="Type">Its type, unless the address is 0.</param>
    /// <param name="Address">Where it is; 0 for a zero in any shape, −1 for one of the type.</param>
    private readonly record struct Entry(TensorType Type, nint Address);
}
