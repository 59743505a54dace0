namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>Walks all pairs of a window's position and a tap in it, for any number of spatial dimensions.</summary>
internal static class NaiveWindows
{
    /// <summary>Calls <paramref name="body"/>(source, target, tap) with flat indices; source is −1 where the tap falls on padding.</summary>
    public static void Visit(int[] source, int[] target, int[] window, Shape strides, Shape dilations, Shape pad, Action<int, int, int> body)
    {
        var (targets, taps) = (target.Aggregate(1, (a, b) => a * b), window.Aggregate(1, (a, b) => a * b));
        for (var t = 0; t < targets; t++)
            for (var k = 0; k < taps; k++)
                body(SourceOf(t, k), t, k);

        int SourceOf(int t, int k)
        {
            var (flat, factor) = (0, 1);
            for (var d = source.Length - 1; d >= 0; d--)
            {
                var position = t % target[d] * strides[d] + k % window[d] * dilations[d] - pad[d];
                if (position < 0 || position >= source[d]) return -1;
                flat += position * factor;
                factor *= source[d];
                t /= target[d];
                k /= window[d];
            }
            return flat;
        }
    }

    /// <summary>The lengths after the first two dimensions.</summary>
    public static int[] Spatial(Shape shape) => shape[2..].Dimensions.ToArray();

    /// <summary>The product of the lengths after the first two dimensions.</summary>
    public static int Area(Shape shape) => (int)shape[2..].ElementCount;
}
