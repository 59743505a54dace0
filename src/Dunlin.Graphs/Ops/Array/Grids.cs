namespace Dunlin.Graphs.Ops;

/// <summary>Filled tensors and grids.</summary>
public static partial class Operations
{
    /// <summary>A tensor whose every element is one number.</summary>
    public static Value Full(this Graph graph, Shape shape, double value, DType type = DType.Float32) => shape.IsKnown
        ? graph.Constant(value, type).BroadcastTo(shape)
        : throw new ShapeException($"Full, Zeros and Ones take a shape that is known, not {shape}; use FillLike, ZerosLike or OnesLike where it is another value's.");

    /// <summary>A tensor of zeros.</summary>
    public static Value Zeros(this Graph graph, Shape shape, DType type = DType.Float32) => graph.Full(shape, 0, type);

    /// <summary>A tensor of ones.</summary>
    public static Value Ones(this Graph graph, Shape shape, DType type = DType.Float32) => graph.Full(shape, 1, type);

    /// <summary>The coordinates of a grid: for vectors of lengths n₁ to nᵣ as many tensors [n₁, …, nᵣ], of which tensor d varies along dimension d.</summary>
    /// <exception cref="ShapeException">One is no vector.</exception>
    public static IReadOnlyList<Value> Meshgrid(params IReadOnlyList<Value> axes)
    {
        foreach (var axis in Require.NotEmpty(nameof(Meshgrid), axes))
            if (axis.Shape.Rank != 1) throw new ShapeException($"Meshgrid: the axis {axis} is no vector.");
        Value[] lines = [.. axes.Select((a, d) => a.Reshape(Shape.Create([.. Enumerable.Range(0, axes.Count).Select(i => i == d ? -1 : 1)])))];
        if (lines.All(l => l.Shape.IsKnown)) return [.. lines.Select(l => l.BroadcastTo(Shape.Create([.. axes.Select(a => a.Shape[0])])))];
        var grid = lines.Select(l => l.FillLike(l.Graph.Constant(0, DType.Int32))).Aggregate((a, b) => a + b);
        return [.. lines.Select(l => l.BroadcastToLike(grid))];
    }

    /// <summary>The powers of some numbers: of x[n…], V[n…, j] = x[n…]ʲ for j from 0 to <paramref name="count"/> − 1.</summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="count">How many powers, at least 1.</param>
    /// <param name="descending">Whether the highest power comes first.</param>
    public static Value Vandermonde(this Value x, int count, bool descending = false)
    {
        if (count < 1) throw new ShapeException($"Vandermonde({x}): at least one power, not {count}.");
        var ones = x.ExpandLast().OnesLike();
        return Concat([ones, x.ExpandLast().Repeat(count - 1, -1)], -1).CumProd(-1) is var powers && descending ? powers.Reverse(-1) : powers;
    }

    /// <summary>How many dimensions x has, as an Int64 scalar.</summary>
    public static Value Rank(this Value x) => x.Graph.Constant(x.Shape.Rank, DType.Int64);

    /// <summary>The shapes of several values; see <see cref="Ops.ShapeOf"/>.</summary>
    public static IReadOnlyList<Value> ShapesOf(IReadOnlyList<Value> values) => [.. values.Select(v => v.ShapeOf())];

    /// <summary>Cuts a tensor along a dimension of known length into parts of ⌈n / count⌉ slices, of which the last may have fewer. There may be fewer parts than asked for.</summary>
    /// <exception cref="ShapeException">The dimension's length is unknown, or there is to be no part.</exception>
    public static IReadOnlyList<Value> Chunk(this Value x, int count, int axis = 0)
    {
        var length = KnownLength(x, axis, "Chunk");
        if (count < 1) throw new ShapeException($"Chunk({x}): at least one part, not {count}.");
        var size = Math.Max(1, (length + count - 1) / count);
        return x.SplitAt([.. Enumerable.Range(1, Math.Max(0, (length + size - 1) / size - 1)).Select(p => p * size)], axis);
    }

    /// <summary>Cuts a tensor along a dimension of known length before each of the given places, which rise.</summary>
    /// <exception cref="ShapeException">The dimension's length is unknown, or the places do not rise within it.</exception>
    public static IReadOnlyList<Value> SplitAt(this Value x, int[] places, int axis = 0)
    {
        int[] edges = [0, .. places, KnownLength(x, axis, "SplitAt")];
        int[] sizes = [.. edges.Skip(1).Select((e, i) => e - edges[i])];
        return sizes.All(s => s >= 0) ? x.Split(sizes, axis) : throw new ShapeException($"SplitAt({x}): the places {string.Join(", ", places)} rise from 0 to {edges[^1]}.");
    }

    private static int KnownLength(Value x, int axis, string operation) => x.Shape[Dimension(axis, x, operation)] is var length && length != Shape.Unknown
        ? length
        : throw new ShapeException($"{operation}({x}): the length of dimension {axis} has to be known.");
}
