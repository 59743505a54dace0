using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>Computes in Float32 what is stored in 16 bits: copies such operands to wide ones and the results back.</summary>
internal sealed unsafe class WidenedKernel : Kernel
{
    private const int Alignment = 64;

    private readonly Kernel _inner;
    private readonly TensorType[] _operands;
    private readonly int _inputs;
    private readonly long _innerScratch;

    private WidenedKernel(Kernel inner, TensorType[] operands, int inputs)
    {
        (_inner, _operands, _inputs, _innerScratch) = (inner, operands, inputs, Align(inner.ScratchBytes));
        ScratchBytes = _innerScratch + operands.Where(IsHalf).Sum(o => WideBytes(o));
    }

    /// <summary>Prepares a kernel for these operands, or for their wide forms where some are of 16 bits.</summary>
    public static Kernel Create(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs,
        Func<IReadOnlyList<TensorType>, IReadOnlyList<TensorType>, Kernel> prepare)
    {
        if (!inputs.Any(IsHalf) && !outputs.Any(IsHalf)) return prepare(inputs, outputs);
        return new WidenedKernel(prepare([.. inputs.Select(Wide)], [.. outputs.Select(Wide)]), [.. inputs, .. outputs], inputs.Count);
    }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var wide = stackalloc nint[_operands.Length + 1];
        var scratch = buffers[_operands.Length];
        wide[_operands.Length] = scratch;
        scratch += (nint)_innerScratch;
        for (var i = 0; i < _operands.Length; i++)
        {
            wide[i] = buffers[i];
            if (!IsHalf(_operands[i])) continue;
            wide[i] = scratch;
            scratch += (nint)WideBytes(_operands[i]);
            if (i < _inputs && buffers[i] != 0) Convert(_operands[i], buffers[i], wide[i], widen: true);
        }
        _inner.Run(wide, threads);
        for (var i = _inputs; i < _operands.Length; i++)
            if (IsHalf(_operands[i])) Convert(_operands[i], wide[i], buffers[i], widen: false);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        base.Dispose();
    }

    private static void Convert(TensorType type, nint source, nint target, bool widen)
    {
        var count = type.Shape.ElementCount;
        for (var at = 0L; at < count; at += TileFunction.MaxLength)
        {
            var length = (int)Math.Min(TileFunction.MaxLength, count - at);
            if (widen) HalfPrecision.Widen(type.Type, source + (nint)at * 2, new((float*)target + at, length));
            else HalfPrecision.Narrow(type.Type, new((float*)source + at, length), target + (nint)at * 2);
        }
    }

    private static bool IsHalf(TensorType type) => type.Type.IsHalf();

    private static TensorType Wide(TensorType type) => IsHalf(type) ? type with { Type = DType.Float32 } : type;

    private static long WideBytes(TensorType type) => Align(type.Shape.ElementCount * sizeof(float));

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
