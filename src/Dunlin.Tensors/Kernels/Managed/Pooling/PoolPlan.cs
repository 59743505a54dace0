using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>The taps of one position's window that lie inside the input, along one dimension.</summary>
internal readonly ref struct TapRange
{
    public TapRange(in WindowAxis axis, int position)
    {
        Source = axis.Source(position, 0);
        Begin = Math.Max(0, -Source);
        End = Math.Min(axis.Window, axis.Length - Source);
    }

    /// <summary>Where tap 0 lies.</summary>
    public int Source { get; }

    public int Begin { get; }

    public int End { get; }

    public int Count => Math.Max(0, End - Begin);
}

/// <summary>What the pooling kernels know of the shapes: each plane (channel of an image) is a piece of work.</summary>
internal readonly struct PoolPlan(PoolGeometry geometry)
{
    public WindowShape Shape { get; } = WindowShape.Of(geometry);

    public int Planes { get; } = checked(geometry.Input[0] * geometry.Input[1]);

    public double Work => (double)Planes * Math.Max(Shape.Positions * (double)Shape.Taps, Shape.Elements);

    /// <summary>What a mean divides by.</summary>
    public T Divisor<T>(PoolKind kind, int inside) where T : INumberBase<T> =>
        T.CreateChecked(kind == PoolKind.AverageIncludingPadding ? Shape.Taps : Math.Max(1, inside));
}
