namespace Dunlin.Graphs.Ops;

/// <summary>Where the numbers of a grid lie in an image, and what is read there.</summary>
internal sealed class GridPlaces(GridSample sample, Shape image)
{
    private readonly int _height = image[2];
    private readonly int _width = image[3];

    /// <summary>A place by its upper left neighbour and its distance from that; and by how much it moves with the grid's numbers.</summary>
    public readonly record struct Place(double Left, double Top, double Across, double Down, double SlopeAcross, double SlopeDown, int Corners);

    public Place At(double column, double row)
    {
        var (x, slopeAcross) = Scale(column, _width);
        var (y, slopeDown) = Scale(row, _height);
        if (sample.Nearest) return new(Math.Round(x), Math.Round(y), 0, 0, 0, 0, 1);
        var (left, top) = (Math.Floor(x), Math.Floor(y));
        return new(left, top, x - left, y - top, slopeAcross, slopeDown, 4);
    }

    /// <summary>The element at one of the four corners (bit 0: right, bit 1: below), or −1 outside the image.</summary>
    public long Index(Place place, int corner)
    {
        var (x, y) = (place.Left + (corner & 1), place.Top + (corner >> 1));
        return x >= 0 && x < _width && y >= 0 && y < _height ? (long)y * _width + (long)x : -1;
    }

    public static double Weight(Place p, int corner) => Side(p.Across, corner & 1) * Side(p.Down, corner >> 1);

    /// <summary>The slope of the weight as the grid's first number grows.</summary>
    public static double WeightAcross(Place p, int corner) => ((corner & 1) == 0 ? -1 : 1) * Side(p.Down, corner >> 1) * p.SlopeAcross;

    /// <summary>The slope of the weight as the grid's second number grows.</summary>
    public static double WeightDown(Place p, int corner) => (corner >> 1 == 0 ? -1 : 1) * Side(p.Across, corner & 1) * p.SlopeDown;

    /// <summary><see cref="GridSample"/> from simple operations, so that it can be differentiated to any order.</summary>
    public static Value Sample(GridSample sample, Value x, Value grid, Value? images)
    {
        var shape = x.Shape;
        if (!shape[1..].IsKnown) throw new ShapeException($"Second derivatives of GridSample need images of known size, not {x}.");
        var flat = x.Flatten(2);
        if (images is not null) flat = flat.Gather(images);
        var parts = grid.Split(2, -1);
        var (column, row) = (Scaled(sample, parts[0].Squeeze(-1), shape[3]), Scaled(sample, parts[1].Squeeze(-1), shape[2]));
        var (left, top) = sample.Nearest ? (column.Round(), row.Round()) : (column.Floor().StopGradient(), row.Floor().StopGradient());
        Value? total = null;
        for (var corner = 0; corner < (sample.Nearest ? 1 : 4); corner++)
        {
            var (right, below) = (corner & 1, corner >> 1);
            var (i, j) = (top + below, left + right);
            var inside = (i >= 0) & (i < shape[2]) & (j >= 0) & (j < shape[3]);
            var at = Operations.Select(inside, i * shape[3] + j, i.Number(0)).Cast(DType.Int64).Flatten(1).ExpandDims(1).Tile(1, shape[1], 1);
            var read = flat.TakeAlong(at);
            var weight = Operations.Select(inside, Side(column - left, right) * Side(row - top, below), i.Number(0)).Flatten(1).ExpandDims(1);
            var part = sample.Nearest ? read * Operations.Select(inside, i.OnesLike(), i.Number(0)).Flatten(1).ExpandDims(1) : read * weight;
            total = total is null ? part : total + part;
        }
        return total!.Reshape([-1, shape[1], grid.Shape[1], grid.Shape[2]]);
    }

    private static double Side(double distance, int side) => side == 0 ? 1 - distance : distance;

    private static Value Side(Value distance, int side) => side == 0 ? 1 - distance : distance;

    /// <summary>A number of the grid as a place among the elements of a dimension, and how fast that moves.</summary>
    private (double At, double Slope) Scale(double number, int length)
    {
        var (factor, shift) = Linear(sample.AlignCorners, length);
        var (at, slope) = (number * factor + shift, factor);
        if (sample.Outside == Outside.Reflection)
        {
            var (low, span) = Mirror(sample.AlignCorners, length);
            if (span == 0) return (0, 0);
            var distance = Math.Abs(at - low);
            if (at < low) slope = -slope;
            var turns = Math.Floor(distance / span);
            var rest = distance - turns * span;
            (at, slope) = turns % 2 == 0 ? (rest + low, slope) : (span - rest + low, -slope);
        }
        if (sample.Outside == Outside.Zeros) return (Finite(at), slope);
        // A NaN goes to the first element, as in PyTorch.
        if (!(at > 0)) return (0, 0);
        return at >= length - 1 ? (length - 1, 0) : (at, slope);
    }

    /// <summary>Far outside is outside, whatever the number.</summary>
    private static double Finite(double at) => double.IsNaN(at) ? -2 : Math.Clamp(at, -1e15, 1e15);

    private static Value Scaled(GridSample sample, Value number, int length)
    {
        var (factor, shift) = Linear(sample.AlignCorners, length);
        var at = number * factor + shift;
        if (sample.Outside == Outside.Reflection)
        {
            var (low, span) = Mirror(sample.AlignCorners, length);
            if (span == 0) return at.ZerosLike();
            var distance = (at - low).Abs();
            var rest = distance - (distance * (1 / (2 * span))).Floor().StopGradient() * (2 * span);
            at = Operations.Select(rest < span, rest, 2 * span - rest) + low;
        }
        return sample.Outside == Outside.Zeros ? at.Clip(-1e15, 1e15) : at.Clip(0, length - 1);
    }

    private static (double Factor, double Shift) Linear(bool alignCorners, int length) => alignCorners ? ((length - 1) / 2.0, (length - 1) / 2.0) : (length / 2.0, (length - 1) / 2.0);

    /// <summary>Where the image is mirrored first, and how far it is to the other mirror.</summary>
    private static (double Low, double Span) Mirror(bool alignCorners, int length) => alignCorners ? (0, length - 1) : (-0.5, length);
}
