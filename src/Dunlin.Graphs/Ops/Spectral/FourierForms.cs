namespace Dunlin.Graphs.Ops;

/// <summary>Fourier transforms.</summary>
public static partial class Operations
{
    /// <summary>The discrete Fourier transforms along a dimension of complex numbers, given as real and imaginary parts; see <see cref="Ops.Fft"/>.</summary>
    public static (Value Re, Value Im) Fft(Value re, Value im, int axis = -1) => Fft(re, im, inverse: false, [axis]);

    /// <summary>The inverse of <see cref="Fft(Value, Value, int)"/>, with its factor 1 / n.</summary>
    public static (Value Re, Value Im) Ifft(Value re, Value im, int axis = -1) => Fft(re, im, inverse: true, [axis]);

    /// <summary>Fourier transforms along the last two dimensions.</summary>
    public static (Value Re, Value Im) Fft2(Value re, Value im) => Fft(re, im, inverse: false, [-1, -2]);

    /// <summary>The inverse of <see cref="Fft2"/>.</summary>
    public static (Value Re, Value Im) Ifft2(Value re, Value im) => Fft(re, im, inverse: true, [-2, -1]);

    /// <summary>Fourier transforms along the last three dimensions.</summary>
    public static (Value Re, Value Im) Fft3(Value re, Value im) => Fft(re, im, inverse: false, [-1, -2, -3]);

    /// <summary>The inverse of <see cref="Fft3"/>.</summary>
    public static (Value Re, Value Im) Ifft3(Value re, Value im) => Fft(re, im, inverse: true, [-3, -2, -1]);

    /// <summary>The first halves […, n / 2 + 1] of the Fourier transforms of real rows […, n]; see <see cref="Ops.Rfft"/>.</summary>
    public static (Value Re, Value Im) Rfft(this Value x)
    {
        var node = x.Graph.AddNode(new Rfft(Scaled: false, Doubled: false), [x]);
        return (node.Outputs[0], node.Outputs[1]);
    }

    /// <summary>The real rows […, n] whose <see cref="Rfft(Value)"/> is given; see <see cref="Ops.Irfft"/>.</summary>
    /// <param name="re">Real parts […, n / 2 + 1].</param>
    /// <param name="im">Imaginary parts; those at 0 and n / 2 do not matter.</param>
    /// <param name="length">n: the even and the odd length next to each other have transforms of one length. Null for the even one.</param>
    /// <exception cref="ShapeException">No length is given and the parts' is unknown.</exception>
    public static Value Irfft(Value re, Value im, int? length = null)
    {
        if (re.Shape.Rank == 0 || (length is null && re.Shape[^1] < 1)) throw new ShapeException($"Irfft({re}, {im}): takes rows of at least one element and a length n, unless theirs is known.");
        var n = length ?? Math.Max(1, 2 * (re.Shape[^1] - 1));
        // A value of the shape that is to be: cut, or repeated, from one element of each row.
        var like = re.Columns(0, 1).Tile([.. Enumerable.Repeat(1, re.Shape.Rank - 1), n]);
        return re.Graph.Add(new Irfft(Scaled: true, Once: false), [re, im, like]);
    }

    /// <summary>Fourier transforms of real numbers along the last two dimensions, the last one's first half.</summary>
    public static (Value Re, Value Im) Rfft2(this Value x)
    {
        var (re, im) = x.Rfft();
        return Fft(re, im, -2);
    }

    /// <summary>The inverse of <see cref="Rfft2"/>; for the length see <see cref="Irfft(Value, Value, int?)"/>.</summary>
    public static Value Irfft2(Value re, Value im, int? length = null)
    {
        (re, im) = Ifft(re, im, -2);
        return Irfft(re, im, length);
    }

    /// <summary>Fourier transforms of real numbers along the last three dimensions, the last one's first half.</summary>
    public static (Value Re, Value Im) Rfft3(this Value x)
    {
        var (re, im) = x.Rfft2();
        return Fft(re, im, -3);
    }

    /// <summary>The inverse of <see cref="Rfft3"/>; for the length see <see cref="Irfft(Value, Value, int?)"/>.</summary>
    public static Value Irfft3(Value re, Value im, int? length = null)
    {
        (re, im) = Ifft(re, im, -3);
        return Irfft2(re, im, length);
    }

    /// <summary>A spectrum with frequency 0, element 0, in the middle of the given dimensions, whose lengths are known; of all of them if none are given.</summary>
    public static Value FftShift(this Value x, params int[] axes) => Shifted(x, axes, "FftShift", length => length / 2);

    /// <summary>The inverse of <see cref="FftShift"/>.</summary>
    public static Value IfftShift(this Value x, params int[] axes) => Shifted(x, axes, "IfftShift", length => -(length / 2));

    private static Value Shifted(Value x, int[] axes, string name, Func<int, int> shift)
    {
        foreach (var axis in axes.Length > 0 ? axes : [.. Enumerable.Range(0, x.Shape.Rank)])
        {
            if (!Along.Fits(axis, x.Shape) || x.Shape[axis] == Shape.Unknown) throw new ShapeException($"{name}({x}): dimension {axis} has to exist and its length to be known.");
            x = x.Roll(shift(x.Shape[axis]), axis);
        }
        return x;
    }

    private static (Value Re, Value Im) Fft(Value re, Value im, bool inverse, int[] axes)
    {
        foreach (var axis in axes)
        {
            if (!Along.Fits(axis, re.Shape)) throw new ShapeException($"Fft({re}, {im}): there is no dimension {axis}.");
            var order = Enumerable.Range(0, re.Shape.Rank).ToArray();
            (order[^1], order[axis < 0 ? axis + order.Length : axis]) = (order[axis < 0 ? axis + order.Length : axis], order[^1]);
            Value Swapped(Value x) => axis == -1 || axis == order.Length - 1 ? x : x.Transpose(order);
            var node = re.Graph.AddNode(new Fft(inverse, Scaled: inverse), [Swapped(re), Swapped(im)]);
            (re, im) = (Swapped(node.Outputs[0]), Swapped(node.Outputs[1]));
        }
        return (re, im);
    }
}
