using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation on lists of tensors. Lists are values: what changes one gives a new list that shares the elements.</summary>
internal abstract record ListOperation : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Lists hold one example's tensors, of shapes of their own.";

    /// <summary>A list.</summary>
    protected static TensorType ListType => new(DType.List, []);

    /// <summary>A number of an element, or of elements.</summary>
    protected static TensorType IndexType => new(DType.Int64, []);

    /// <summary>Whether a length of an output depends on the elements of a list, whatever is known of the inputs' shapes.</summary>
    /// <param name="inputs">How many inputs there are.</param>
    internal virtual bool HasOpenShapes(int inputs) => false;

    /// <summary>Throws unless an input is a list.</summary>
    protected void ExpectList(IReadOnlyList<TensorType> inputs, int index)
    {
        if (inputs[index] != ListType) throw Mismatch(inputs, $"input {index} is to be a list.");
    }

    /// <summary>Throws unless an input is an Int64 scalar.</summary>
    protected void ExpectIndex(IReadOnlyList<TensorType> inputs, int index)
    {
        if (inputs[index] != IndexType) throw Mismatch(inputs, $"input {index} is to be an Int64 scalar.");
    }

    /// <summary>The place of an element that a list has.</summary>
    /// <param name="where">Names the node.</param>
    /// <param name="index">The number given for it.</param>
    /// <param name="count">How many elements there are.</param>
    /// <exception cref="DunlinException">The list has no such element.</exception>
    private protected static int Within(string where, long index, int count) => (ulong)index < (ulong)count
        ? (int)index
        : throw new DunlinException($"{where}: there is no element {index}: the list has {count}{(count > 0 ? $", 0 to {count - 1}" : "")}.");

    /// <summary>A number that may lie behind the last element, but has to make sense.</summary>
    private protected static int Beyond(string where, long index) => index is >= 0 and < int.MaxValue
        ? (int)index
        : throw new DunlinException($"{where}: there is no element {index}; elements count from 0.");

    /// <summary>Copies an element.</summary>
    private protected static unsafe void CopyElement(string where, TensorList list, int index, TensorType type, nint target)
    {
        if (list.IsZero(index) && type.Type != DType.List && (list.TypeOf(index) is not { } declared || declared == type)) new Span<byte>((void*)target, checked((int)type.Bytes)).Clear();
        else
            try { Buffer.MemoryCopy((void*)list.Element(index, type), (void*)target, type.Bytes, type.Bytes); }
            catch (ShapeException e) { throw new ShapeException($"{where}: {e.Message}"); }
    }

    /// <summary>The list at an address.</summary>
    private protected static unsafe TensorList ListAt(nint address) => TensorList.At(*(nint*)address);

    /// <summary>Writes a list's handle.</summary>
    private protected static unsafe void Return(nint address, TensorList list) => *(nint*)address = list.Handle;

    /// <summary>The lengths of a shape, where one that is not known is 0.</summary>
    private protected static Shape Least(Shape shape) => Shape.Create([.. shape.Dimensions.ToArray().Select(d => Math.Max(d, 0))]);

    /// <summary>A kernel that is a function of handles.</summary>
    private protected sealed unsafe class ListKernel(ListFunction run) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads) => run(buffers);
    }

    /// <summary>Does something with the operands' addresses.</summary>
    private protected unsafe delegate void ListFunction(nint* buffers);
}

/// <summary>Sums of elements, which may themselves be lists. Each type's kernel is prepared once.</summary>
internal sealed unsafe class ElementSums
{
    private readonly Dictionary<TensorType, Kernel> _kernels = [];

    /// <summary>The sums of two lists' elements. What only one list has, or what is zero in the other, is shared.</summary>
    public TensorList Of(TensorList a, TensorList b)
    {
        if (a.Places is not null && b.Places is not null) return a.Merged(b, place => Sum(a, b, place));
        if (a.Places is not null) (a, b) = (b, a);
        if (b.Places is { } places)
        {
            foreach (var place in places) a = a.With(place, b, Sum(a, b, place));
            return a;
        }
        var sums = new TensorList(a.ElementType ?? b.ElementType);
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
            if (a.IsZero(i) || b.IsZero(i)) sums.AddFrom(a.IsZero(i) ? b : a, i);
            else sums.AddPlace(a.TypeOf(i)!.Value, Sum(a, b, i));
        return sums;
    }

    /// <summary>Adds elements of a type to others in place.</summary>
    public void Add(TensorType type, nint sum, nint terms)
    {
        if (type.Type == DType.List)
        {
            for (var i = 0L; i < type.Shape.ElementCount; i++) ((nint*)sum)[i] = Of(TensorList.At(((nint*)sum)[i]), TensorList.At(((nint*)terms)[i])).Handle;
            return;
        }
        if (!_kernels.TryGetValue(type, out var kernel))
            _kernels[type] = kernel = Binary.Add.Prepare(new([type, type], [type], [MemoryLayout.Plain, MemoryLayout.Plain], KernelSets.Managed, ThreadTeam.Single, PlanResources.None));
        var buffers = stackalloc nint[] { sum, terms, sum, 0 };
        kernel.Run(buffers, ThreadTeam.Single);
    }

    private nint Sum(TensorList a, TensorList b, int place)
    {
        if (a.IsZero(place)) return 0;
        var type = a.TypeOf(place)!.Value;
        var sum = StepScope.Allocate(type.Bytes);
        Buffer.MemoryCopy((void*)a.Element(place, type), (void*)sum, type.Bytes, type.Bytes);
        Add(type, sum, b.Element(place, type));
        return sum;
    }
}
