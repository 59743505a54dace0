namespace Dunlin.Graphs.Ops;

/// <summary>Images read at places between their elements.</summary>
public static partial class Operations
{
    /// <summary>The most rows or columns that a grid is made for.</summary>
    private const int MostPixels = 1 << 20;

    /// <inheritdoc cref="Ops.GridSample"/>
    /// <param name="x">x[N, C, H, W].</param>
    /// <param name="grid">[N, H', W', 2] of (column, row).</param>
    /// <param name="interpolation">Nearest, Linear or Cubic.</param>
    /// <param name="outside">What is seen outside the image.</param>
    /// <param name="alignCorners">Whether −1 and 1 are the centres of the outermost elements instead of their outer edges.</param>
    public static Value GridSample(this Value x, Value grid, Interpolation interpolation = Interpolation.Linear, Outside outside = Outside.Zeros, bool alignCorners = false) =>
        x.Graph.Add(new GridSample(interpolation, outside, alignCorners), [x, grid]);

    /// <summary>
    /// The grid [N, height, width, 2] for <see cref="GridSample(Value, Value, Interpolation, Outside, bool)"/> that maps images by affine transformations θ[N, 2, 3]: a place (column, row)
    /// of the result is read at θ · (column, row, 1). As PyTorch's affine_grid.
    /// </summary>
    /// <exception cref="ShapeException">θ is not floating-point [N, 2, 3].</exception>
    public static Value AffineGrid(this Value theta, int height, int width, bool alignCorners = false)
    {
        if (!theta.Type.IsFloat() || !Shape.Of(Shape.Unknown, 2, 3).Accepts(theta.Shape)) throw new ShapeException($"AffineGrid takes floating-point transformations [N, 2, 3], not {theta}.");
        Require.Between(nameof(AffineGrid), height, 1, MostPixels);
        Require.Between(nameof(AffineGrid), width, 1, MostPixels);
        double At(int i, int length) => alignCorners ? length > 1 ? 2.0 * i / (length - 1) - 1 : 0 : (2.0 * i + 1) / length - 1;
        var places = new double[3 * height * width];
        for (var i = 0; i < height; i++)
            for (var j = 0; j < width; j++)
                for (var k = 0; k < 3; k++) places[k * height * width + i * width + j] = k == 0 ? At(j, width) : k == 1 ? At(i, height) : 1;
        // [N, 2, 3] · [3, H · W], then the two numbers of a place side by side.
        var product = theta.MatMul(theta.Graph.Constant(Tensor.From(places, [3, height * width])).Cast(theta.Type));
        return product.Transpose(0, 2, 1).Reshape([-1, height, width, 2]);
    }

    /// <summary>
    /// Parts of images in one size, as TensorFlow's crop_and_resize: x[N, C, H, W], boxes[M, 4] of (top, left, bottom, right) from 0 to 1 over the centres of the outermost elements,
    /// and the numbers of the images [M] give y[M, C, height, width]. Outside the image it is the extrapolation. A box with top below bottom is turned over. Gradients: for x and boxes.
    /// </summary>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Value CropAndResize(this Value x, Value boxes, Value images, int height, int width, bool nearest = false, double extrapolation = 0)
    {
        if (boxes.Type != x.Type || boxes.Shape.Rank != 2 || boxes.Shape[1] is not (4 or Shape.Unknown)) throw new ShapeException($"CropAndResize takes boxes {x.Type}[M, 4], not {boxes}.");
        Require.Between(nameof(CropAndResize), height, 1, MostPixels);
        Require.Between(nameof(CropAndResize), width, 1, MostPixels);
        var sides = boxes.Split(4, 1);
        // A single row or column lies in the middle of its box.
        Value Along(Value first, Value last, int length) =>
            first + (last - first) * x.Graph.Constant(Tensor.From([.. Enumerable.Range(0, length).Select(i => length > 1 ? i / (length - 1.0) : 0.5)])).Cast(x.Type);
        var rows = Along(sides[0], sides[2], height).ExpandDims(2).Tile(1, 1, width);
        var columns = Along(sides[1], sides[3], width).ExpandDims(1).Tile(1, height, 1);
        var grid = Stack([columns, rows], -1) * 2 - 1;
        var y = x.Graph.Add(new GridSample(nearest ? Interpolation.Nearest : Interpolation.Linear, Outside.Border, AlignCorners: true), [x, grid, images]);
        var inside = (rows >= 0) & (rows <= 1) & (columns >= 0) & (columns <= 1);
        return Select(inside.ExpandDims(1), y, y.Number(extrapolation));
    }
}
