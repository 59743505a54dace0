using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The dimensions in another order: dimension d of y is dimension Order[d] of x.</summary>
/// <remarks>Gradient: dy with its dimensions put back.</remarks>
/// <param name="Order">Each of 0 to rank − 1 once.</param>
public sealed record Transpose(Axes Order) : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!Order.Values.Order().SequenceEqual(Enumerable.Range(0, x.Rank))) throw Mismatch(inputs, $"the order {Order} has each of 0 to {x.Rank - 1} once.");
        return [new(type, Shape.Create([.. Order.Values.Select(d => x[d])]))];
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output)
    {
        // Nothing moves where the dimensions longer than 1 keep their order.
        var moved = Order.Values.Where(d => inputs[0].Shape[d] != 1).ToArray();
        return moved.SequenceEqual(moved.Order()) ? new MemoryView(0) : null;
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Inputs[0].Type.Size() switch
    {
        8 => new TransposeKernel<long>(context.Inputs[0].Shape, Order.Values),
        4 => new TransposeKernel<int>(context.Inputs[0].Shape, Order.Values),
        2 => new TransposeKernel<short>(context.Inputs[0].Shape, Order.Values),
        _ => new TransposeKernel<byte>(context.Inputs[0].Shape, Order.Values),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new Transpose(new Axes([0, .. Order.Values.Select(d => d + 1)])), [batching.Everywhere(inputs[0])])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var back = new int[Order.Values.Length];
        for (var d = 0; d < back.Length; d++) back[Order.Values[d]] = d;
        return [node.Graph.Add(new Transpose(new Axes(back)), [outputGradients[0]!])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Linear(node, inputTangents, 0);

    /// <summary>
    /// Copies blocks of the two dimensions that are innermost in x and in y, so that both sides of a block stay in the first-level cache;
    /// where those are one and the same, whole runs.
    /// </summary>
    private sealed unsafe class TransposeKernel<T> : ParallelKernel where T : unmanaged
    {
        private const int Block = 32;

        private readonly (int Length, long From, long To)[] _outer;
        private readonly (int Length, long From, long To) _row;
        private readonly (int Length, long From, long To) _column;
        private readonly long _count;

        public TransposeKernel(Shape shape, int[] order) : base(shape.ElementCount)
        {
            // Each dimension of y with its strides in x and y; neighbours in both are one.
            var strides = shape.Strides;
            var merged = new List<(int Length, long From)>();
            foreach (var d in order)
            {
                if (shape[d] == 1) continue;
                if (merged.Count > 0 && merged[^1].From == strides[d] * shape[d]) merged[^1] = (merged[^1].Length * shape[d], strides[d]);
                else merged.Add((shape[d], strides[d]));
            }
            var dimensions = new List<(int Length, long From, long To)>();
            var to = 1L;
            for (var d = merged.Count - 1; d >= 0; to *= merged[d--].Length) dimensions.Insert(0, (merged[d].Length, merged[d].From, to));
            _column = Take(dimensions, d => d.To == 1);
            _row = _column.From == 1 ? (1, 0, 0) : Take(dimensions, d => d.From == 1);
            _outer = [.. dimensions];
            _count = shape.ElementCount == 0 ? 0 : _outer.Aggregate(1L, (n, d) => n * d.Length) * Blocks;
        }

        private int Blocks => (_row.Length + Block - 1) / Block;

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_count, worker, workers);
            for (var item = begin; item < end; item++)
            {
                var x = Operand<T>(0);
                var y = Operand<T>(1);
                var rest = item / Blocks;
                for (var d = _outer.Length - 1; d >= 0; d--)
                {
                    x += rest % _outer[d].Length * _outer[d].From;
                    y += rest % _outer[d].Length * _outer[d].To;
                    rest /= _outer[d].Length;
                }
                if (_column.From == 1) new ReadOnlySpan<T>(x, _column.Length).CopyTo(new Span<T>(y, _column.Length));
                else Rows(x, y, (int)(item % Blocks) * Block);
            }
        }

        private void Rows(T* x, T* y, int first)
        {
            var last = Math.Min(first + Block, _row.Length);
            for (var column = 0; column < _column.Length; column += Block)
            {
                var end = Math.Min(column + Block, _column.Length);
                for (var r = first; r < last; r++)
                {
                    var from = x + r * _row.From;
                    var to = y + r * _row.To;
                    for (var c = column; c < end; c++) to[c] = from[c * _column.From];
                }
            }
        }

        private static (int, long, long) Take(List<(int Length, long From, long To)> dimensions, Predicate<(int Length, long From, long To)> which)
        {
            var i = dimensions.FindIndex(which);
            if (i < 0) return (1, 1, 1);
            var taken = dimensions[i];
            dimensions.RemoveAt(i);
            return taken;
        }
    }
}

/// <summary>The order of dimensions.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Transpose"/>
    /// <param name="x">Any tensor.</param>
    /// <param name="order">For each dimension of the result, which one of x it is; all reversed if none are given.</param>
    public static Value Transpose(this Value x, params int[] order) =>
        x.Graph.Add(new Transpose(new Axes(order.Length > 0 ? order : [.. Enumerable.Range(0, x.Shape.Rank).Reverse()])), [x]);
}
