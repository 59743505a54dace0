using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>
/// Handwriting-like digits, drawn from strokes with random place, size, slant, thickness and noise: something to learn where no data
/// set is installed. Fields as in <see cref="FashionMnist"/>: <c>image</c> Float32 [1, 28, 28] and <c>label</c> Int64 [].
/// </summary>
public static class GeneratedDigits
{
    /// <summary>Width and height of a picture.</summary>
    private const int Side = 28;

    /// <summary>The mean of a pixel, as a part of full brightness.</summary>
    public const float Mean = 0.127f;

    /// <summary>A pixel's standard deviation, as a part of full brightness.</summary>
    public const float Deviation = 0.255f;

    /// <summary>Draws the data set; the same arguments give the same pictures. Training and test examples differ.</summary>
    /// <param name="train">How many examples to learn from.</param>
    /// <param name="test">How many examples to hold back.</param>
    /// <param name="seed">Chooses the pictures.</param>
    public static TrainTest Create(int train = 10_000, int test = 2_000, ulong seed = 0) =>
        new(Draw(train, seed, "train"), Draw(test, seed, "test")) { ClassNames = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")] };

    private static InMemoryDataset Draw(int count, ulong seed, string part)
    {
        var key = new PhiloxKey(seed, PhiloxKey.StreamOf("digits/" + part));
        var images = Tensor.Zeros(DType.UInt8, [count, 1, Side, Side]);
        var labels = Tensor.Zeros(DType.UInt8, [count]);
        Parallel.For(0, count, i =>
        {
            var digit = (byte)Philox.Below(10, key, (ulong)i);
            labels.Span<byte>()[i] = digit;
            DrawDigit(images.Span<byte>().Slice(i * Side * Side, Side * Side), digit, key.At(i + 1L));
        });
        return new InMemoryDataset(Column.Pixels("image", images, [Mean], [Deviation]), Column.Labels("label", labels));
    }

    /// <summary>A pixel's brightness falls off with its distance to the nearest stroke.</summary>
    private static void DrawDigit(Span<byte> image, int digit, PhiloxKey key)
    {
        Span<float> random = stackalloc float[8];
        Philox.FillUniform(random, key);
        float Between(float low, float high, float at) => low + (high - low) * at;
        var (width, height) = (Between(11, 17, random[0]), Between(16, 21, random[1]));
        var (left, top) = (Between(3, Side - 3 - width, random[2]), Between(3, Side - 3 - height, random[3]));
        var slant = Between(-0.25f, 0.35f, random[4]);
        var thickness = Between(0.7f, 1.7f, random[5]);
        var (ink, noise) = (Between(0.75f, 1, random[6]), Between(0.02f, 0.12f, random[7]));

        Span<float> grain = stackalloc float[Side * Side];
        Philox.FillNormal(grain, key, offset: 1024, deviation: noise);
        foreach (var stroke in DigitStrokes.Of(digit))
        {
            var (x0, y0, x1, y1) = (Place(stroke.X0, stroke.Y0), Y(stroke.Y0), Place(stroke.X1, stroke.Y1), Y(stroke.Y1));
            for (var y = 0; y < Side; y++)
                for (var x = 0; x < Side; x++)
                {
                    var brightness = Math.Clamp(thickness + 0.5f - Distance(x, y, x0, y0, x1, y1), 0, 1);
                    ref var pixel = ref image[y * Side + x];
                    pixel = Math.Max(pixel, (byte)(255 * ink * brightness));
                }
        }
        for (var i = 0; i < image.Length; i++) image[i] = (byte)Math.Clamp(image[i] + 255 * grain[i], 0, 255);

        float Place(float x, float y) => left + width * (x + slant * (0.5f - y));
        float Y(float y) => top + height * y;
    }

    private static float Distance(float x, float y, float x0, float y0, float x1, float y1)
    {
        var (dx, dy) = (x1 - x0, y1 - y0);
        var along = Math.Clamp(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy + 1e-6f), 0, 1);
        var (ex, ey) = (x - x0 - along * dx, y - y0 - along * dy);
        return MathF.Sqrt(ex * ex + ey * ey);
    }
}
