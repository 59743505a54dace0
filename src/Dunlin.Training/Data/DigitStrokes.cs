namespace Dunlin.Training.Data;

/// <summary>A straight stroke in a box from (0, 0), top left, to (1, 1), bottom right.</summary>
internal readonly record struct Stroke(float X0, float Y0, float X1, float Y1);

/// <summary>The digits 0 to 9 as strokes.</summary>
internal static class DigitStrokes
{
    private const int StrokesPerTurn = 14;

    private static readonly Stroke[][] Glyphs =
    [
        [.. Arc(0.5f, 0.5f, 0.36f, 0.48f, 0, 360)],
        [.. Line(0.28f, 0.24f, 0.54f, 0.02f, 0.54f, 0.98f)],
        [.. Arc(0.5f, 0.3f, 0.33f, 0.28f, 190, 390), .. Line(0.79f, 0.44f, 0.16f, 0.97f, 0.86f, 0.97f)],
        [.. Arc(0.47f, 0.27f, 0.31f, 0.25f, 210, 450), .. Arc(0.47f, 0.74f, 0.35f, 0.24f, 270, 510)],
        [.. Line(0.66f, 0.98f, 0.66f, 0.02f, 0.12f, 0.66f, 0.9f, 0.66f)],
        [.. Line(0.8f, 0.03f, 0.27f, 0.03f, 0.22f, 0.45f), .. Arc(0.47f, 0.68f, 0.34f, 0.29f, 225, 500)],
        [.. Line(0.68f, 0.02f, 0.36f, 0.32f, 0.18f, 0.68f), .. Arc(0.5f, 0.7f, 0.32f, 0.27f, 0, 360)],
        [.. Line(0.14f, 0.03f, 0.86f, 0.03f, 0.42f, 0.98f)],
        [.. Arc(0.5f, 0.26f, 0.28f, 0.23f, 0, 360), .. Arc(0.5f, 0.73f, 0.35f, 0.25f, 0, 360)],
        [.. Arc(0.5f, 0.29f, 0.32f, 0.27f, 0, 360), .. Line(0.82f, 0.3f, 0.72f, 0.68f, 0.5f, 0.98f)],
    ];

    public static ReadOnlySpan<Stroke> Of(int digit) => Glyphs[digit];

    private static IEnumerable<Stroke> Line(params float[] points)
    {
        for (var i = 0; i + 3 < points.Length; i += 2) yield return new Stroke(points[i], points[i + 1], points[i + 2], points[i + 3]);
    }

    /// <summary>Part of an ellipse; 0 degrees point right, 90 down.</summary>
    private static IEnumerable<Stroke> Arc(float x, float y, float radiusX, float radiusY, float from, float to)
    {
        var count = (int)MathF.Ceiling((to - from) / 360 * StrokesPerTurn);
        var points = Enumerable.Range(0, count + 1).SelectMany(i =>
        {
            var (sine, cosine) = MathF.SinCos((from + (to - from) * i / count) * MathF.PI / 180);
            return new[] { x + radiusX * cosine, y + radiusY * sine };
        });
        return Line([.. points]);
    }
}
