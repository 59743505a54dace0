using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The different elements of x, in order of size (NaN last, and equal to itself), or the different rows of x[n, d…] in lexicographic
/// order. Outputs: the u different ones; for each element or row of x, which of them it is (Int64, in the shape of x or [n]); how often
/// each occurs (Int64[u]); and where each occurs first, counted through x (Int64[u]).
/// </summary>
/// <remarks>Gradient: dy of each in the place where it occurs first.</remarks>
/// <param name="Rows">Whether rows are compared, and not elements.</param>
public sealed record Unique(bool Rows) : DynamicOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (Rows && x.Rank == 0) throw Mismatch(inputs, "takes rows: at least one dimension.");
        TensorType numbers = new(DType.Int64, [Shape.Unknown]);
        return [new(type, Rows ? x.With(0, Shape.Unknown) : [Shape.Unknown]), new(DType.Int64, Rows ? x[..1] : x), numbers, numbers];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session) => inputs[0].Type switch
    {
        DType.Float32 => Find<float>(inputs[0]),
        DType.Float64 => Find<double>(inputs[0]),
        DType.BFloat16 => Find<BFloat16, float>(inputs[0], x => (float)x),
        DType.Float16 => Find<Half, float>(inputs[0], x => (float)x),
        DType.Int64 => Find<long>(inputs[0]),
        DType.Int32 => Find<int>(inputs[0]),
        DType.UInt8 => Find<byte>(inputs[0]),
        _ => Find<bool, byte>(inputs[0], x => x ? (byte)1 : (byte)0),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        if (outputGradients[0] is not { } dy) return [null];
        var x = node.Inputs[0];
        var zeros = Rows ? x.ZerosLike() : x.ZerosLike().Reshape([-1]);
        return [Operations.ScatterAdd(zeros, node.Outputs[3], dy).ReshapeLike(x)];
    }

    private List<Tensor> Find<T>(Tensor x) where T : unmanaged, INumber<T> => Find<T, T>(x, v => v);

    private List<Tensor> Find<T, TKey>(Tensor x, Func<T, TKey> key) where T : unmanaged where TKey : unmanaged, INumber<TKey>
    {
        var keys = new TKey[x.ElementCount];
        var elements = x.Span<T>();
        for (var i = 0; i < keys.Length; i++) keys[i] = key(elements[i]);
        var count = Rows ? x.Shape[0] : keys.Length;
        var row = Rows ? checked((int)x.Shape[1..].ElementCount) : 1;
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        int Compare(int a, int b)
        {
            for (var i = 0; i < row; i++)
                if (Difference(keys[a * row + i], keys[b * row + i]) is var difference && difference != 0) return difference;
            return 0;
        }
        Array.Sort(order, (a, b) => Compare(a, b) is var difference && difference != 0 ? difference : a.CompareTo(b));
        return Runs(x, order, row, Compare);
    }

    private List<Tensor> Runs(Tensor x, int[] order, int row, Func<int, int, int> compare)
    {
        var inverse = Tensor.Uninitialized(DType.Int64, Rows ? x.Shape[..1] : x.Shape);
        var (first, counts) = (new List<long>(), new List<long>());
        for (var i = 0; i < order.Length; i++)
        {
            if (i == 0 || compare(order[i - 1], order[i]) != 0)
            {
                first.Add(order[i]);
                counts.Add(0);
            }
            counts[^1]++;
            inverse.Span<long>()[order[i]] = first.Count - 1;
        }
        var values = Tensor.Uninitialized(x.Type, Rows ? x.Shape.With(0, first.Count) : [first.Count]);
        var bytes = row * x.Type.Size();
        for (var i = 0; i < first.Count; i++) x.RawBytes.Slice((int)first[i] * bytes, bytes).CopyTo(values.RawBytes[(i * bytes)..]);
        return [values, inverse, Tensor.From(counts.ToArray()), Tensor.From(first.ToArray())];
    }

    private static int Difference<TKey>(TKey a, TKey b) where TKey : INumber<TKey> =>
        a < b ? -1 : a > b ? 1 : a == b ? 0 : TKey.IsNaN(a).CompareTo(TKey.IsNaN(b));
}

/// <summary>Different elements.</summary>
public static partial class Operations
{
    /// <summary>The different elements of x in order, which of them each is, and how often each occurs; see <see cref="Ops.Unique"/>.</summary>
    public static (Value Values, Value Inverse, Value Counts) Unique(this Value x) => Different(x, rows: false);

    /// <summary>The different rows of x in order, which of them each is, and how often each occurs; see <see cref="Ops.Unique"/>.</summary>
    public static (Value Rows, Value Inverse, Value Counts) UniqueRows(this Value x) => Different(x, rows: true);

    private static (Value, Value, Value) Different(Value x, bool rows)
    {
        var outputs = x.Graph.AddNode(new Unique(rows), [x]).Outputs;
        return (outputs[0], outputs[1], outputs[2]);
    }
}
