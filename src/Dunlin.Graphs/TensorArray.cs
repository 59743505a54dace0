using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// A list of tensors in a graph, each of the declared type; lengths that differ between elements are <see cref="Shape.Unknown"/>. It is a value:
/// what changes a list gives another one that shares all other elements, in constant time at the end and in logarithmic time elsewhere. It lives
/// within one step: it can be a state of a loop, an input of a body or the result of a branch, but is neither fed nor fetched; stack it and
/// fetch that. Differentiable to any order in both modes, through loops too.
/// </summary>
/// <example>
/// A list as a state: it converts to a value, and the body's state is read <see cref="With"/> it.
/// <code>
/// var none = TensorArray.Empty(graph, x.TensorType);
/// var last = ControlFlow.Repeat(n, [x, none], (_, s) => [s[0] * s[0], none.With(s[1]).Append(s[0])]);
/// var powers = none.With(last[1]).Stack();
/// </code>
/// </example>
public readonly record struct TensorArray
{
    /// <summary>A value of the graph read as a list.</summary>
    /// <param name="list">A state or result that is a list.</param>
    /// <param name="element">The type of each element.</param>
    /// <exception cref="ShapeException">The value is no list.</exception>
    public TensorArray(Value list, TensorType element)
    {
        if (list.Type != DType.List || list.Shape.Rank != 0) throw new ShapeException($"{list} is no list of tensors.");
        (List, Element) = (list, element);
    }

    /// <summary>The list as a value of the graph, for states and results.</summary>
    public Value List { get; }

    /// <summary>The type that each element is declared to have.</summary>
    public TensorType Element { get; }

    /// <summary>How many elements there are, an Int64 scalar.</summary>
    public Value Count => List.Graph.Add(new CountList(), [List]);

    /// <summary>A list of no elements.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="element">The type of the elements to come.</param>
    public static TensorArray Empty(Graph graph, TensorType element) => new(graph.Constant(0).EmptyLists(), element);

    /// <summary>A list of zeros, to be written in any order. They take no memory.</summary>
    /// <param name="count">How many, an Int64 scalar; one below 0 is an error when it runs.</param>
    /// <param name="element">The type of each, of known shape.</param>
    /// <exception cref="ShapeException">The shape is not known.</exception>
    public static TensorArray Zeros(Value count, TensorType element) => new(count.Graph.Add(new ZeroList(element), [count]), element);

    /// <summary>The parts x[0], x[1], … of a tensor along its first dimension.</summary>
    /// <param name="x">[n, …].</param>
    public static TensorArray Unstack(Value x) => new(x.UnstackList(), x.TensorType with { Shape = x.Shape[1..] });

    /// <summary>Parts of a tensor along its first dimension.</summary>
    /// <param name="x">[Σ lengths, …].</param>
    /// <param name="lengths">The parts' lengths, Int64 [n]; an error when it runs if they do not make up x.</param>
    /// <returns>n elements [length, …].</returns>
    public static TensorArray Split(Value x, Value lengths) => new(x.SplitList(lengths), x.TensorType with { Shape = x.Shape.With(0, Shape.Unknown) });

    /// <summary>A list where a state or a result is expected.</summary>
    public static implicit operator Value(TensorArray array) => array.List;

    /// <summary>Another list of such elements: a state or result that began as this one.</summary>
    /// <param name="list">The value.</param>
    public TensorArray With(Value list) => new(list, Element);

    /// <summary>The list with one more element behind the last.</summary>
    /// <param name="x">Of the declared type.</param>
    /// <exception cref="ShapeException">It is of another type.</exception>
    public TensorArray Append(Value x)
    {
        Require(x);
        return With(List.Graph.Add(new AppendList(), [List, x]));
    }

    /// <summary>The list with another element in the place of one.</summary>
    /// <param name="index">Its place, an Int64 scalar from 0 to the count − 1; any other is an error when it runs.</param>
    /// <param name="x">Of the declared type.</param>
    /// <exception cref="ShapeException">It is of another type.</exception>
    public TensorArray Write(Value index, Value x)
    {
        Require(x);
        return With(List.Graph.Add(new WriteList(), [List, index, x]));
    }

    /// <summary>An element.</summary>
    /// <param name="index">Its place, an Int64 scalar from 0 to the count − 1; any other is an error when it runs.</param>
    /// <param name="like">
    /// Where the element's shape is not declared: a value that has this shape, if there is one. Without it a loop that reads cannot know its
    /// shapes before it runs, and costs more.
    /// </param>
    public Value Read(Value index, Value? like = null) => index.Shape.Rank == 0
        ? ReadAt(index, like)
        : throw new ShapeException($"TensorArray.Read reads one element; {index} is no scalar. Gather reads several.");

    /// <summary>Several elements of one shape.</summary>
    /// <param name="indices">Their places, Int64 [n…], each from 0 to the count − 1; any other is an error when it runs.</param>
    /// <returns>[n…, …].</returns>
    public Value Gather(Value indices) => ReadAt(indices, null);

    /// <summary>All elements, of one shape, as a tensor.</summary>
    /// <param name="count">How many there are, where that is known; another number is an error when it runs. Without it the result's length is known only then.</param>
    /// <returns>[count, …].</returns>
    public Value Stack(int? count = null) => List.StackList(Element, count ?? Shape.Unknown);

    /// <summary>All elements behind each other along their first dimension, in which they may differ.</summary>
    /// <returns>[Σ n, …], and each element's length n, Int64.</returns>
    /// <exception cref="ShapeException">The elements are scalars.</exception>
    public (Value Rows, Value Lengths) Concat()
    {
        var node = List.Graph.AddNode(new ConcatList(Element), [List]);
        return (node.Outputs[0], node.Outputs[1]);
    }

    private Value ReadAt(Value index, Value? like)
    {
        if (like is null || Element.Shape.IsKnown) return List.Graph.Add(new ReadList(Element), [List, index]);
        Require(like);
        return List.Graph.Add(new ReadList(Element), [List, index, like]);
    }

    private void Require(Value x)
    {
        if (x.Type != Element.Type || !Element.Shape.Accepts(x.Shape)) throw new ShapeException($"The list {List.Name} has elements {Element}; {x} is none.");
    }
}
