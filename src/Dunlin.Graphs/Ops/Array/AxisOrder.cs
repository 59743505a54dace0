namespace Dunlin.Graphs.Ops;

/// <summary>Dimensions in other orders.</summary>
public static partial class Operations
{
    /// <summary>With a dimension moved to another place, the others in their order.</summary>
    public static Value MoveAxis(this Value x, int from, int to)
    {
        var (source, target) = (Dimension(from, x), Dimension(to, x));
        var order = Enumerable.Range(0, x.Shape.Rank).Where(d => d != source).ToList();
        order.Insert(target, source);
        return x.Transpose([.. order]);
    }

    /// <summary>With two dimensions in each other's place.</summary>
    public static Value SwapAxes(this Value x, int a, int b)
    {
        int[] order = [.. Enumerable.Range(0, x.Shape.Rank)];
        (order[Dimension(a, x)], order[Dimension(b, x)]) = (Dimension(b, x), Dimension(a, x));
        return x.Transpose(order);
    }

    /// <summary>The elements of some dimensions in the opposite order; see <see cref="Ops.Reverse"/>.</summary>
    public static Value Flip(this Value x, params int[] axes) => x.Reverse(axes);

    /// <summary>Turned by quarters, from the first of two dimensions to the second, as in NumPy.</summary>
    /// <param name="x">At least two dimensions.</param>
    /// <param name="quarters">How many; negative ones turn the other way.</param>
    /// <param name="from">The first dimension.</param>
    /// <param name="to">The second.</param>
    public static Value Rot90(this Value x, int quarters = 1, int from = 0, int to = 1)
    {
        if (Dimension(from, x) == Dimension(to, x)) throw new ShapeException($"Rot90({x}): turns in two different dimensions, not {from} and {to}.");
        return ((quarters % 4 + 4) % 4) switch
        {
            0 => x,
            1 => x.Reverse(to).SwapAxes(from, to),
            2 => x.Reverse(from, to),
            _ => x.SwapAxes(from, to).Reverse(to),
        };
    }

    /// <summary>A length that has been calculated, if a dimension can have it.</summary>
    /// <param name="length">The length.</param>
    /// <param name="operation">Whose result has it, for the error.</param>
    /// <exception cref="ShapeException">It is negative, too large or no number.</exception>
    internal static int Length(double length, [System.Runtime.CompilerServices.CallerMemberName] string operation = "") => length is >= 0 and <= int.MaxValue
        ? (int)length
        : throw new ShapeException($"{operation}: a dimension of the result would have {length} elements; it can have from 0 to {int.MaxValue:N0}.");

    /// <summary>A dimension counted from 0.</summary>
    /// <param name="axis">Its number; a negative one counts from behind.</param>
    /// <param name="x">Whose dimension.</param>
    /// <param name="operation">Who asks, for the error.</param>
    /// <exception cref="ShapeException">There is none of that number.</exception>
    internal static int Dimension(int axis, Value x, [System.Runtime.CompilerServices.CallerMemberName] string operation = "") => Along.Fits(axis, x.Shape)
        ? axis < 0 ? axis + x.Shape.Rank : axis
        : throw new ShapeException($"{operation}({x}): there is no dimension {axis}.");
}
