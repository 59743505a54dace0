using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>Square pictures as rows of pixels, with their classes.</summary>
/// <param name="Pixels">Float32 [N, side²].</param>
/// <param name="Labels">Int64 [N].</param>
/// <param name="Side">Width and height.</param>
public sealed record Pictures(Tensor Pixels, Tensor Labels, int Side)
{
    public int Count => Labels.Shape[0];

    /// <summary>The first pictures of a data set.</summary>
    public static Pictures Of(IDataset dataset, int count)
    {
        var batch = dataset.Take(count).ToBatch();
        var images = batch["image"];
        var side = images.Shape[images.Shape.Rank - 1];
        return new(images.Reshape([images.Shape[0], side * side]), batch["label"], side);
    }

    /// <summary>Moves all pictures to the right and down by whole pixels; what comes in at the edges is as the pixel at the edge.</summary>
    public Pictures Shifted(int right, int down) => this with { Pixels = Map((pixels, x, y) => pixels[Clamp(y - down) * Side + Clamp(x - right)]) };

    /// <summary>The tangents of moving to the right, or down: how pixels change for each pixel of the way, by central differences.</summary>
    public Tensor Tangents(bool isDown) => isDown
        ? Map((pixels, x, y) => (pixels[Clamp(y - 1) * Side + x] - pixels[Clamp(y + 1) * Side + x]) / 2)
        : Map((pixels, x, y) => (pixels[y * Side + Clamp(x - 1)] - pixels[y * Side + Clamp(x + 1)]) / 2);

    private delegate float Pixel(ReadOnlySpan<float> pixels, int x, int y);

    private Tensor Map(Pixel pixel)
    {
        var result = Tensor.Zeros(DType.Float32, Pixels.Shape);
        for (var n = 0; n < Count; n++)
        {
            var source = Pixels.Span<float>().Slice(n * Side * Side, Side * Side);
            var target = result.Span<float>().Slice(n * Side * Side, Side * Side);
            for (var y = 0; y < Side; y++)
                for (var x = 0; x < Side; x++) target[y * Side + x] = pixel(source, x, y);
        }
        return result;
    }

    private int Clamp(int place) => Math.Clamp(place, 0, Side - 1);
}
