namespace Dunlin.Graphs.Ops;

/// <summary>
/// Real numbers as integers of a scale: x ≈ (q − zeroPoint) · scale. A scale (positive, of x's type) and a zero point (Int32) stand for
/// all elements, or with an axis there is one of each for every place along it. Made of other operations, which plans run in one pass.
/// </summary>
public static partial class Operations
{
    /// <summary>
    /// round(x / scale) + zeroPoint, ties to even, held to the range of the integer type; NaN gives 0. It has no gradient: see <see cref="FakeQuantize"/>.
    /// </summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="scale">A scalar, or one for each place along the axis.</param>
    /// <param name="zeroPoint">Int32: as many.</param>
    /// <param name="type">UInt8 or Int32.</param>
    /// <param name="axis">The dimension that has scales of its own; null for one scale.</param>
    /// <exception cref="ShapeException">The types or lengths do not fit.</exception>
    public static Value Quantize(this Value x, Value scale, Value zeroPoint, DType type = DType.UInt8, int? axis = null)
    {
        if (!x.Type.IsFloat()) throw new ShapeException($"Quantize({x}): takes floating-point numbers.");
        var (low, high) = type switch
        {
            DType.UInt8 => (byte.MinValue, byte.MaxValue),
            DType.Int32 => ((double)int.MinValue, int.MaxValue),
            _ => throw new ShapeException($"Quantize({x}): makes UInt8 or Int32, not {type}."),
        };
        // 16-bit floats have too few digits for a quotient, and Float32 for Int32.
        var wide = type == DType.Int32 ? DType.Float64 : x.Type.IsHalf() ? DType.Float32 : x.Type;
        var (scales, points) = PerPlace(x, scale, zeroPoint, axis);
        return ((x.Cast(wide) / scales.Cast(wide)).Round() + points.Cast(wide)).Clip(low, high).Cast(type);
    }

    /// <summary>(q − zeroPoint) · scale, in the scale's type.</summary>
    /// <param name="q">UInt8 or Int32.</param>
    /// <param name="scale">A scalar, or one for each place along the axis.</param>
    /// <param name="zeroPoint">Int32: as many.</param>
    /// <param name="axis">The dimension that has scales of its own; null for one scale.</param>
    /// <exception cref="ShapeException">The types or lengths do not fit.</exception>
    public static Value Dequantize(this Value q, Value scale, Value zeroPoint, int? axis = null)
    {
        if (q.Type is not (DType.UInt8 or DType.Int32)) throw new ShapeException($"Dequantize({q}): takes UInt8 or Int32.");
        var (scales, points) = PerPlace(q, scale, zeroPoint, axis);
        return (q.Cast(DType.Int32) - points).Cast(scale.Type) * scales;
    }

    /// <summary>
    /// What is left of x when it is quantised to the integers from low to high and back, for training with the errors of quantisation
    /// (Jacob et al., 2018). Gradient: dy where round(x / scale) + zeroPoint lies in the range, else 0; none for scale and zero point.
    /// </summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="scale">A scalar, or one for each place along the axis.</param>
    /// <param name="zeroPoint">Int32: as many.</param>
    /// <param name="low">The least integer.</param>
    /// <param name="high">The largest integer.</param>
    /// <param name="axis">The dimension that has scales of its own; null for one scale.</param>
    /// <exception cref="ShapeException">The types or lengths do not fit, or the range is empty.</exception>
    public static Value FakeQuantize(this Value x, Value scale, Value zeroPoint, int low = 0, int high = 255, int? axis = null)
    {
        if (!x.Type.IsFloat() || low > high) throw new ShapeException($"FakeQuantize({x}): takes floating-point numbers and a range, not {low} to {high}.");
        var (scales, points) = PerPlace(x, scale.StopGradient(), zeroPoint, axis);
        var zero = points.Cast(x.Type);
        var q = (x / scales).Round() + zero;
        var inside = (q >= low) & (q <= high);
        return StraightThrough((q.Clip(low, high) - zero) * scales, Select(inside, x, x.StopGradient()));
    }

    /// <summary>The nearest integer, ties to even, with the gradient of x itself (straight-through).</summary>
    public static Value RoundStraightThrough(this Value x) => StraightThrough(x.Round(), x);

    /// <summary>Scales and zero points in a shape that broadcasts along the axis.</summary>
    private static (Value Scales, Value Points) PerPlace(Value x, Value scale, Value zeroPoint, int? axis, [System.Runtime.CompilerServices.CallerMemberName] string operation = "")
    {
        if (!scale.Type.IsFloat() || (x.Type.IsFloat() && scale.Type != x.Type) || zeroPoint.Type != DType.Int32)
            throw new ShapeException($"{operation}: the scale {scale} is of the type of the real numbers, the zero point {zeroPoint} is Int32.");
        if (axis is null)
            return scale.Shape.Rank == 0 && zeroPoint.Shape.Rank == 0 ? (scale, zeroPoint) : throw new ShapeException($"{operation}: without an axis the scale {scale} and the zero point {zeroPoint} are scalars.");
        var dimension = axis < 0 ? axis.Value + x.Shape.Rank : axis.Value;
        if (dimension < 0 || dimension >= x.Shape.Rank) throw new ShapeException($"{operation}({x}): there is no dimension {axis}.");
        var length = x.Shape[dimension..(dimension + 1)];
        if (!length.Accepts(scale.Shape) || !length.Accepts(zeroPoint.Shape)) throw new ShapeException($"{operation}: dimension {axis} of {x} takes as many scales and zero points: {length}, not {scale} and {zeroPoint}.");
        var shape = Shape.Of(-1).Append([.. Enumerable.Repeat(1, x.Shape.Rank - 1 - dimension)]);
        return (scale.Reshape(shape), zeroPoint.Reshape(shape));
    }
}
