namespace Dunlin.Graphs.Ops;

/// <summary>Where the numbers of a grid lie in an image, and what is read there.</summary>
internal sealed class GridPlaces(GridSample sample, Shape image)
{
    private readonly int _height = image[2];
    private readonly int _width = image[3];

    /// <summary>Elements that are read along each of the two dimensions.</summary>
    private readonly int _side = Side(sample);

    /// <summary>Most elements that are read for a place.</summary>
    public const int MostCorners = 16;

    /// <summary>Elements that are read for each place.</summary>
    public int Corners => _side * _side;

    /// <summary>A place by the first element that is read and its distance from the one before it; and by how much it moves with the grid's numbers.</summary>
    public readonly record struct Place(double Left, double Top, double Across, double Down, double SlopeAcross, double SlopeDown);

    public Place At(double column, double row)
    {
        var (x, slopeAcross) = Scale(column, _width);
        var (y, slopeDown) = Scale(row, _height);
        if (_side == 1) return new(Math.Round(x), Math.Round(y), 0, 0, 0, 0);
        var (left, top) = (Math.Floor(x), Math.Floor(y));
        var before = _side == 4 ? 1 : 0;
        return new(left - before, top - before, x - left, y - top, slopeAcross, slopeDown);
    }

    /// <summary>The element at one of the corners (row by row), or −1 where nothing is read: outside the image.</summary>
    public long Index(Place place, int corner)
    {
        var (x, y) = (Inside(place.Left + corner % _side, _width), Inside(place.Top + corner / _side, _height));
        return x >= 0 && x < _width && y >= 0 && y < _height ? (long)y * _width + (long)x : -1;
    }

    /// <summary>The elements that are read and their weights, as many as <see cref="Corners"/>.</summary>
    public void Read(Place place, Span<long> at, Span<double> weights)
    {
        for (var corner = 0; corner < Corners; corner++) (at[corner], weights[corner]) = (Index(place, corner), Weight(place, corner));
    }

    public double Weight(Place p, int corner) => Weight(p.Across, corner % _side) * Weight(p.Down, corner / _side);

    /// <summary>The slope of the weight as the grid's first number grows.</summary>
    public double WeightAcross(Place p, int corner) => Slope(p.Across, corner % _side) * Weight(p.Down, corner / _side) * p.SlopeAcross;

    /// <summary>The slope of the weight as the grid's second number grows.</summary>
    public double WeightDown(Place p, int corner) => Slope(p.Down, corner / _side) * Weight(p.Across, corner % _side) * p.SlopeDown;

    /// <summary><see cref="GridSample"/> from simple operations, so that it can be differentiated to any order.</summary>
    public static Value Sample(GridSample sample, Value x, Value grid, Value? images)
    {
        var shape = x.Shape;
        if (!shape[1..].IsKnown) throw new ShapeException($"Second derivatives of GridSample need images of known size, not {x}.");
        var flat = x.Flatten(2);
        if (images is not null) flat = flat.Gather(images);
        var parts = grid.Split(2, -1);
        var (column, row) = (Scaled(sample, parts[0].Squeeze(-1), shape[3]), Scaled(sample, parts[1].Squeeze(-1), shape[2]));
        var side = Side(sample);
        var (left, top) = side == 1 ? (column.Round(), row.Round()) : (column.Floor().StopGradient(), row.Floor().StopGradient());
        Value? total = null;
        for (var corner = 0; corner < side * side; corner++)
        {
            var (right, below) = (corner % side, corner / side);
            var (i, j) = (top + below, left + right);
            if (side == 4) (i, j) = (Inside(sample, i - 1, shape[2]), Inside(sample, j - 1, shape[3]));
            var inside = (i >= 0) & (i < shape[2]) & (j >= 0) & (j < shape[3]);
            var at = Operations.Select(inside, i * shape[3] + j, i.Number(0)).Cast(DType.Int64).Flatten(1).ExpandDims(1).Tile(1, shape[1], 1);
            var read = flat.TakeAlong(at);
            var weight = Operations.Select(inside, Weight(side, column - left, right) * Weight(side, row - top, below), i.Number(0)).Flatten(1).ExpandDims(1);
            var part = side == 1 ? read * Operations.Select(inside, i.OnesLike(), i.Number(0)).Flatten(1).ExpandDims(1) : read * weight;
            total = total is null ? part : total + part;
        }
        return total!.Reshape([-1, shape[1], grid.Shape[1], grid.Shape[2]]);
    }

    private static int Side(GridSample sample) => sample.Interpolation switch { Interpolation.Cubic => 4, Interpolation.Linear => 2, _ => 1 };

    /// <summary>The weight of one of the elements along a dimension, at a distance from the one that lies before the place.</summary>
    private double Weight(double distance, int element) => _side switch
    {
        4 => ResizeTaps.Cubic(Math.Abs(distance + 1 - element)),
        2 => element == 0 ? 1 - distance : distance,
        _ => 1,
    };

    /// <summary>The slope of the weight as the distance grows.</summary>
    private double Slope(double distance, int element) => _side switch
    {
        4 when distance + 1 - element is var d => d < 0 ? -ResizeTaps.CubicSlope(-d) : ResizeTaps.CubicSlope(d),
        2 => element == 0 ? -1 : 1,
        _ => 0,
    };

    private static Value Weight(int side, Value distance, int element)
    {
        if (side == 1) return distance.OnesLike();
        if (side == 2) return element == 0 ? 1 - distance : distance;
        const double a = ResizeTaps.Sharpness;
        var d = (distance + (1 - element)).Abs();
        return element is 1 or 2 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }

    /// <summary>A number of the grid as a place among the elements of a dimension, and how fast that moves.</summary>
    private (double At, double Slope) Scale(double number, int length)
    {
        var (factor, shift) = Linear(sample.AlignCorners, length);
        var (at, slope) = (number * factor + shift, factor);
        // Of a cubic curve it is the elements that are brought inside, one by one.
        if (_side == 4) return (Finite(at), slope);
        if (sample.Outside == Outside.Reflection) (at, slope) = Reflect(at, slope, length);
        if (sample.Outside == Outside.Zeros) return (Finite(at), slope);
        // A NaN goes to the first element, as in PyTorch.
        if (!(at > 0)) return (0, 0);
        return at >= length - 1 ? (length - 1, 0) : (at, slope);
    }

    /// <summary>The element that is read in place of one that may lie outside, where zeros are not.</summary>
    private double Inside(double at, int length)
    {
        if (_side != 4 || sample.Outside == Outside.Zeros) return at;
        return Math.Clamp(sample.Outside == Outside.Reflection ? Reflect(at, 1, length).At : at, 0, length - 1);
    }

    private (double At, double Slope) Reflect(double at, double slope, int length)
    {
        var (low, span) = Mirror(sample.AlignCorners, length);
        if (span == 0) return (0, 0);
        var distance = Math.Abs(at - low);
        if (at < low) slope = -slope;
        var turns = Math.Floor(distance / span);
        var rest = distance - turns * span;
        return turns % 2 == 0 ? (rest + low, slope) : (span - rest + low, -slope);
    }

    /// <summary>Far outside is outside, whatever the number.</summary>
    private static double Finite(double at) => double.IsNaN(at) ? -3 : Math.Clamp(at, -1e15, 1e15);

    private static Value Scaled(GridSample sample, Value number, int length)
    {
        var (factor, shift) = Linear(sample.AlignCorners, length);
        var at = number * factor + shift;
        if (sample.Interpolation == Interpolation.Cubic) return at.Clip(-1e15, 1e15);
        if (sample.Outside == Outside.Reflection) at = Reflect(sample, at, length);
        return sample.Outside == Outside.Zeros ? at.Clip(-1e15, 1e15) : at.Clip(0, length - 1);
    }

    private static Value Inside(GridSample sample, Value at, int length)
    {
        if (sample.Outside == Outside.Zeros) return at;
        return (sample.Outside == Outside.Reflection ? Reflect(sample, at, length) : at).Clip(0, length - 1);
    }

    private static Value Reflect(GridSample sample, Value at, int length)
    {
        var (low, span) = Mirror(sample.AlignCorners, length);
        if (span == 0) return at.ZerosLike();
        var distance = (at - low).Abs();
        var rest = distance - (distance * (1 / (2 * span))).Floor().StopGradient() * (2 * span);
        return Operations.Select(rest < span, rest, 2 * span - rest) + low;
    }

    private static (double Factor, double Shift) Linear(bool alignCorners, int length) => alignCorners ? ((length - 1) / 2.0, (length - 1) / 2.0) : (length / 2.0, (length - 1) / 2.0);

    /// <summary>Where the image is mirrored first, and how far it is to the other mirror.</summary>
    private static (double Low, double Span) Mirror(bool alignCorners, int length) => alignCorners ? (0, length - 1) : (-0.5, length);
}
