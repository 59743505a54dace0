using System.Runtime.CompilerServices;

namespace Dunlin.Tensors;

/// <summary>
/// The lengths of a tensor's dimensions, outermost first. A length may be <see cref="Unknown"/> while a graph is built;
/// a tensor's own shape is always known. Immutable, compared by value.
/// </summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>Stands for a length that is only known when the graph runs, such as the batch.</summary>
    public const int Unknown = -1;

    private readonly int[]? _dimensions;

    private Shape(int[] dimensions) => _dimensions = dimensions;

    /// <summary>The shape with the given lengths, each at least 0 or <see cref="Unknown"/>.</summary>
    /// <exception cref="ShapeException">A length is negative and not <see cref="Unknown"/>.</exception>
    public static Shape Of(params ReadOnlySpan<int> dimensions) => Create(dimensions);

    /// <inheritdoc cref="Of"/>
    public static Shape Create(ReadOnlySpan<int> dimensions)
    {
        foreach (var length in dimensions)
            if (length < Unknown)
                throw new ShapeException($"A dimension's length is at least 0, or Shape.Unknown; got {length}.");
        return new Shape(dimensions.ToArray());
    }

    /// <summary>The shape of a single number: no dimensions.</summary>
    public static Shape Scalar => default;

    /// <summary>All lengths.</summary>
    public ReadOnlySpan<int> Dimensions => _dimensions;

    /// <summary>How many dimensions there are.</summary>
    public int Rank => _dimensions?.Length ?? 0;

    /// <summary>One length; a negative index counts from the last dimension (−1 is the last).</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public int this[int index]
    {
        get
        {
            var dimensions = Dimensions;
            var at = index < 0 ? index + dimensions.Length : index;
            return (uint)at < (uint)dimensions.Length ? dimensions[at] : throw Lacks(index);
        }
    }

    /// <summary>One length, or a range's, as in arrays.</summary>
    /// <exception cref="ShapeException">There is no such dimension.</exception>
    public int this[Index index] => index.GetOffset(Rank) is >= 0 and var at && at < Rank ? Dimensions[at] : throw Lacks(index.IsFromEnd ? -index.Value : index.Value);

    /// <summary>A part of the shape.</summary>
    /// <exception cref="ShapeException">There are not so many dimensions.</exception>
    public Shape this[Range range]
    {
        get
        {
            var (start, end) = (range.Start.GetOffset(Rank), range.End.GetOffset(Rank));
            return start >= 0 && start <= end && end <= Rank
                ? new(Dimensions[start..end].ToArray())
                : throw new ShapeException($"The shape {this} of {Rank} dimensions has no dimensions {range}.");
        }
    }

    /// <summary>Whether every length is known.</summary>
    public bool IsKnown => !Dimensions.Contains(Unknown);

    /// <summary>The product of all lengths (1 for a scalar).</summary>
    /// <exception cref="ShapeException">A length is unknown, or the product exceeds 2^63.</exception>
    public long ElementCount
    {
        get
        {
            var count = 1L;
            foreach (var length in Dimensions)
            {
                if (length == Unknown) throw new ShapeException($"The shape {this} is not fully known, so its elements can't be counted.");
                try { count = checked(count * length); }
                catch (OverflowException) { throw new ShapeException($"The shape {this} has more than 2^63 elements."); }
            }
            return count;
        }
    }

    /// <summary>Row-major strides in elements.</summary>
    public long[] Strides
    {
        get
        {
            var strides = new long[Rank];
            var stride = 1L;
            for (var i = Rank - 1; i >= 0; i--)
            {
                strides[i] = stride;
                stride *= this[i];
            }
            return strides;
        }
    }

    /// <summary>This shape with one length replaced; a negative index counts from the last dimension.</summary>
    /// <exception cref="ShapeException">There is no such dimension, or the length is negative and not <see cref="Unknown"/>.</exception>
    public Shape With(int index, int length)
    {
        if ((uint)(index < 0 ? index + Rank : index) >= (uint)Rank) throw Lacks(index);
        var copy = Dimensions.ToArray();
        copy[index < 0 ? index + Rank : index] = length;
        return Create(copy);
    }

    /// <summary>This shape followed by another.</summary>
    public Shape Append(params ReadOnlySpan<int> more) => Create([.. Dimensions, .. more]);

    /// <summary>Whether a tensor of the known shape <paramref name="actual"/> can stand where this one is expected.</summary>
    public bool Accepts(Shape actual)
    {
        if (actual.Rank != Rank) return false;
        for (var i = 0; i < Rank; i++)
            if (this[i] != Unknown && actual[i] != Unknown && this[i] != actual[i])
                return false;
        return true;
    }

    /// <summary>NumPy's broadcasting: aligned from the last dimension, lengths must be equal or 1. An unknown against a length above 1 gives that length.</summary>
    /// <returns>Whether the two shapes broadcast.</returns>
    public static bool TryBroadcast(Shape a, Shape b, out Shape result)
    {
        var dimensions = new int[Math.Max(a.Rank, b.Rank)];
        for (var i = 1; i <= dimensions.Length; i++)
        {
            var x = i <= a.Rank ? a[a.Rank - i] : 1;
            var y = i <= b.Rank ? b[b.Rank - i] : 1;
            if (x == y || y == 1) dimensions[^i] = x;
            else if (x == 1) dimensions[^i] = y;
            else if (x == Unknown) dimensions[^i] = y;
            else if (y == Unknown) dimensions[^i] = x;
            else
            {
                result = default;
                return false;
            }
        }
        result = new Shape(dimensions);
        return true;
    }

    /// <summary>An enumerator over the lengths.</summary>
    public ReadOnlySpan<int>.Enumerator GetEnumerator() => Dimensions.GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Shape other) => Dimensions.SequenceEqual(other.Dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var length in Dimensions) hash.Add(length);
        return hash.ToHashCode();
    }

    /// <summary>Such as <c>[?, 3, 28, 28]</c>; unknown lengths as question marks.</summary>
    public override string ToString() =>
        "[" + string.Join(", ", Dimensions.ToArray().Select(d => d == Unknown ? "?" : d.ToString())) + "]";

    private ShapeException Lacks(int index) => new($"The shape {this} has no dimension {index}.");

    /// <summary>Equality by value.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
