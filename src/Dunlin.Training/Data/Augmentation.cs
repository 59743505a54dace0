using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>
/// A random change of examples that leaves their meaning. What happens to an example depends on (seed, epoch, example) alone, so
/// the ranks, threads and batch sizes of a run do not matter.
/// </summary>
public abstract class Augmentation
{
    private protected Augmentation() { }

    /// <summary>Moves each image by up to some pixels in both directions; what moves in is zero.</summary>
    /// <param name="field">A Float32 field [channels, height, width].</param>
    /// <param name="pixels">The most to move by; at least 0.</param>
    public static Augmentation RandomShift(string field, int pixels) => new Shift(field, pixels);

    /// <summary>Mirrors every other image left to right, on average.</summary>
    /// <param name="field">A Float32 field [channels, height, width].</param>
    public static Augmentation HorizontalFlip(string field) => new Flip(field);

    /// <summary>Changes the rows of a batch in place.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="examples">The example in each row.</param>
    /// <param name="key">Seed, stream and epoch.</param>
    internal abstract void Apply(Batch batch, ReadOnlySpan<int> examples, PhiloxKey key);

    private static (Tensor Images, int Height, int Width) Images(Batch batch, string field)
    {
        var images = batch[field];
        return images.Type == DType.Float32 && images.Shape.Rank == 4
            ? (images, images.Shape[2], images.Shape[3])
            : throw new ShapeException($"Only images Float32 [channels, height, width] can be augmented; \"{field}\" of the batch is {images}.");
    }

    private sealed class Shift : Augmentation
    {
        private readonly string _field;
        private readonly int _pixels;

        public Shift(string field, int pixels)
        {
            Require.AtLeast(nameof(Shift), pixels, 0);
            (_field, _pixels) = (field, pixels);
        }

        internal override void Apply(Batch batch, ReadOnlySpan<int> examples, PhiloxKey key)
        {
            var (images, height, width) = Images(batch, _field);
            var all = images.Span<float>();
            var length = all.Length / examples.Length;
            var bound = 2 * (ulong)_pixels + 1;
            for (var i = 0; i < examples.Length; i++)
            {
                var down = (int)Philox.Below(bound, key, 2 * (ulong)examples[i]) - _pixels;
                var right = (int)Philox.Below(bound, key, 2 * (ulong)examples[i] + 1) - _pixels;
                for (var at = 0; at < length; at += height * width)
                    ShiftPlane(all.Slice(i * length + at, height * width), height, width, down, right);
            }
        }

        private static void ShiftPlane(Span<float> plane, int height, int width, int down, int right)
        {
            var kept = Math.Max(0, width - Math.Abs(right));
            for (var i = 0; i < height; i++)
            {
                // Downwards from the bottom, upwards from the top, so that no row is overwritten before it has moved.
                var y = down > 0 ? height - 1 - i : i;
                var row = plane.Slice(y * width, width);
                var from = y - down;
                if (from < 0 || from >= height || kept == 0)
                {
                    row.Clear();
                    continue;
                }
                plane.Slice(from * width + Math.Max(0, -right), kept).CopyTo(row[Math.Max(0, right)..]);
                if (right > 0) row[..right].Clear();
                else row[kept..].Clear();
            }
        }
    }

    private sealed class Flip(string field) : Augmentation
    {
        internal override void Apply(Batch batch, ReadOnlySpan<int> examples, PhiloxKey key)
        {
            var (images, _, width) = Images(batch, field);
            var all = images.Span<float>();
            var length = all.Length / examples.Length;
            for (var i = 0; i < examples.Length; i++)
            {
                if (Philox.Below(2, key, (ulong)examples[i]) == 0) continue;
                for (var at = i * length; at < (i + 1) * length; at += width) all.Slice(at, width).Reverse();
            }
        }
    }
}
