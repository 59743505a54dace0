using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>The rectifier and its gradient on the bits of 16-bit floats: they compare with 0 only, for which nothing need be widened.</summary>
internal sealed unsafe class HalfRectifier(DType type, bool gradient) : TileFunction
{
    /// <summary>Those above it, without their sign, are NaN.</summary>
    private readonly short _infinity = type == DType.BFloat16 ? (short)0x7F80 : (short)0x7C00;

    /// <summary>max(x, 0), NaN where x is.</summary>
    public static TileFunction Forward(DType type) => new HalfRectifier(type, gradient: false);

    /// <summary>b where a > 0, else 0.</summary>
    public static TileFunction Gradient(DType type) => new HalfRectifier(type, gradient: true);

    public override void Run(nint* operands, int count)
    {
        if (gradient) Pass((short*)operands[0], (short*)operands[1], (short*)operands[2], count);
        else Rectify((short*)operands[0], (short*)operands[1], count);
    }

    private void Rectify(short* x, short* y, int count)
    {
        var (infinity, magnitude) = (new Vector<short>(_infinity), new Vector<short>(short.MaxValue));
        var i = 0;
        for (; i <= count - Vector<short>.Count; i += Vector<short>.Count)
        {
            var value = Vector.Load(x + i);
            var keeps = Vector.GreaterThanOrEqual(value, Vector<short>.Zero) | Vector.GreaterThan(value & magnitude, infinity);
            Vector.Store(value & keeps, y + i);
        }
        for (; i < count; i++) y[i] = x[i] >= 0 || (x[i] & short.MaxValue) > _infinity ? x[i] : (short)0;
    }

    private void Pass(short* a, short* b, short* y, int count)
    {
        var infinity = new Vector<short>(_infinity);
        var i = 0;
        for (; i <= count - Vector<short>.Count; i += Vector<short>.Count)
        {
            var value = Vector.Load(a + i);
            Vector.Store(Vector.Load(b + i) & Vector.GreaterThan(value, Vector<short>.Zero) & Vector.LessThanOrEqual(value, infinity), y + i);
        }
        for (; i < count; i++) y[i] = a[i] > 0 && a[i] <= _infinity ? b[i] : (short)0;
    }
}
