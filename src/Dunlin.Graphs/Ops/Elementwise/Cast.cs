using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The same numbers in another element type. Between floating-point types: to nearest, ties to even (Float64 to 16 bits by way of Float32), beyond the range ±∞. To integers:
/// towards zero, held to the range, NaN to 0. To Bool: whether it is not 0, which NaN is not. From Bool: 0 or 1.
/// </summary>
/// <remarks>Gradient: dy in the type of x, between floating-point types; none else.</remarks>
public sealed record Cast(DType To) : Elementwise
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return To;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Inputs[0].Type.IsFloat() && To.IsFloat() ? outputGradients[0]!.Cast(node.Inputs[0].Type) : null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [node.Inputs[0].Type.IsFloat() && To.IsFloat() ? inputTangents[0]?.Cast(To) : null];

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar[0] ? null : inputs[0] switch
    {
        DType.Float32 => From<float>(),
        DType.Float64 => From<double>(),
        DType.Int64 => From<long>(),
        DType.Int32 => From<int>(),
        DType.UInt8 or DType.Bool => From<byte>(),
        var half when To == DType.Float32 => new WideningTile(half),
        _ => new WidenedTile(To.IsHalf() ? Numbers<float, float>() : From<float>(), inputs, To),
    };

    /// <summary>A kernel that casts elements in the order in which they stand in layouts that are the same but for the element type.</summary>
    internal static Kernel Kernel(TensorType from, TensorType to, MemoryLayout fromLayout, MemoryLayout toLayout, ThreadTeam threads)
    {
        var program = FusedElementwise.Single(new Cast(to.Type), [from], to)!.Program([from], [to]);
        return new TileKernel(program, to.Shape.ElementCount, threads) { InputLayouts = [fromLayout], OutputLayouts = [toLayout] };
    }

    private TileFunction From<T>() where T : unmanaged, INumber<T> => To switch
    {
        DType.Float32 => Numbers<T, float>(),
        DType.Float64 => Numbers<T, double>(),
        DType.Int64 => Numbers<T, long>(),
        DType.Int32 => Numbers<T, int>(),
        DType.UInt8 => Numbers<T, byte>(),
        DType.Bool => new UnaryTile<T, bool>(static (x, y) =>
        {
            for (var i = 0; i < x.Length; i++) y[i] = x[i] != T.Zero;
        }),
        _ => typeof(T) == typeof(float) ? new NarrowingTile(To) : new NarrowingTile<T>(To),
    };

    private static UnaryTile<TFrom, TTo> Numbers<TFrom, TTo>() where TFrom : unmanaged, INumber<TFrom> where TTo : unmanaged, INumber<TTo> =>
        new(static (x, y) => TensorPrimitives.ConvertSaturating(x, y));

    private sealed unsafe class WideningTile(DType from) : TileFunction
    {
        public override void Run(nint* operands, int count) => HalfPrecision.Widen(from, operands[0], new((void*)operands[1], count));
    }

    private sealed unsafe class NarrowingTile(DType to) : TileFunction
    {
        public override void Run(nint* operands, int count) => HalfPrecision.Narrow(to, new((void*)operands[0], count), operands[1]);
    }

    private sealed unsafe class NarrowingTile<T>(DType to) : TileFunction where T : unmanaged, INumber<T>
    {
        public override void Run(nint* operands, int count)
        {
            var wide = stackalloc float[MaxLength];
            TensorPrimitives.ConvertSaturating(new ReadOnlySpan<T>((void*)operands[0], count), new Span<float>(wide, count));
            HalfPrecision.Narrow(to, new(wide, count), operands[1]);
        }
    }
}

/// <summary>Conversions.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Cast"/>
    public static Value Cast(this Value x, DType to) => x.Type == to ? x : x.Graph.Add(new Cast(to), [x]);
}
