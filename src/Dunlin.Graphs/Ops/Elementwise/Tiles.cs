namespace Dunlin.Graphs.Ops;

/// <summary>y[i] = f(x[i]). The spans are equally long; y may be x.</summary>
public delegate void UnaryMap<T>(ReadOnlySpan<T> x, Span<T> y);

/// <summary>y[i] = f(a[i], b[i]). The spans are equally long; y may be a or b.</summary>
public delegate void BinaryMap<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y);

/// <summary>y[i] = f(a[i], b), or f(b, a[i]). The spans are equally long; y may be a.</summary>
public delegate void ScalarMap<T>(ReadOnlySpan<T> a, T b, Span<T> y);

/// <summary>Applies an element-wise function to a stretch of memory that fits the first-level cache.</summary>
public abstract unsafe class TileFunction
{
    /// <summary>The longest stretch that one call is given.</summary>
    public const int MaxLength = 1024;

    /// <summary>Computes <paramref name="count"/> elements.</summary>
    /// <param name="operands">Addresses of the inputs, then of the output. A scalar input has one element.</param>
    /// <param name="count">At most <see cref="MaxLength"/>.</param>
    public abstract void Run(nint* operands, int count);
}

internal sealed unsafe class UnaryTile<TIn, TOut>(UnaryTile<TIn, TOut>.Map map) : TileFunction where TIn : unmanaged where TOut : unmanaged
{
    public delegate void Map(ReadOnlySpan<TIn> x, Span<TOut> y);

    public override void Run(nint* operands, int count) => map(new((void*)operands[0], count), new((void*)operands[1], count));
}

internal sealed unsafe class BinaryTile<TIn, TOut>(BinaryTile<TIn, TOut>.Map map) : TileFunction where TIn : unmanaged where TOut : unmanaged
{
    public delegate void Map(ReadOnlySpan<TIn> a, ReadOnlySpan<TIn> b, Span<TOut> y);

    public override void Run(nint* operands, int count) =>
        map(new((void*)operands[0], count), new((void*)operands[1], count), new((void*)operands[2], count));
}

/// <summary>A binary function one of whose operands is a scalar: the second, or the first if <paramref name="scalarFirst"/>.</summary>
internal sealed unsafe class ScalarTile<T>(ScalarMap<T> map, bool scalarFirst) : TileFunction where T : unmanaged
{
    public override void Run(nint* operands, int count) =>
        map(new((void*)operands[scalarFirst ? 1 : 0], count), *(T*)operands[scalarFirst ? 0 : 1], new((void*)operands[2], count));
}

/// <summary>Computes in Float32 what is stored in 16 bits.</summary>
internal sealed unsafe class WidenedTile(TileFunction inner, IReadOnlyList<DType> inputs, DType output) : TileFunction
{
    private readonly DType[] _inputs = [.. inputs];

    public override void Run(nint* operands, int count)
    {
        var wide = stackalloc float[MaxLength * 4];
        var addresses = stackalloc nint[4];
        for (var i = 0; i <= _inputs.Length; i++) addresses[i] = (nint)(wide + i * MaxLength);
        for (var i = 0; i < _inputs.Length; i++)
        {
            if (_inputs[i].IsHalf()) HalfPrecision.Widen(_inputs[i], operands[i], new((void*)addresses[i], count));
            else addresses[i] = operands[i];
        }
        var narrow = output.IsHalf();
        if (!narrow) addresses[_inputs.Length] = operands[_inputs.Length];
        inner.Run(addresses, count);
        if (narrow) HalfPrecision.Narrow(output, new((void*)addresses[_inputs.Length], count), operands[_inputs.Length]);
    }
}
