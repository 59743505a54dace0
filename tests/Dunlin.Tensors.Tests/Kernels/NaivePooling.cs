using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

internal static class NaivePooling
{
    public static double[][] Forward(PoolGeometry g, PoolKind kind, double[] x)
    {
        var y = new double[g.Output.ElementCount];
        var argument = new double[y.Length];
        if (kind == PoolKind.Max) Array.Fill(y, double.NegativeInfinity);
        Visit(g, (xi, yi, tap, share) =>
        {
            if (kind != PoolKind.Max) y[yi] += x[xi] * Weight(kind, g, share);
            else if (x[xi] > y[yi]) (y[yi], argument[yi]) = (x[xi], tap);
        });
        return kind == PoolKind.Max ? [y, argument] : [y];
    }

    public static double[] Backward(PoolGeometry g, PoolKind kind, double[] dy, double[]? argument)
    {
        var dx = new double[g.Input.ElementCount];
        Visit(g, (xi, yi, tap, share) =>
        {
            if (kind != PoolKind.Max) dx[xi] += dy[yi] * Weight(kind, g, share);
            else if (argument![yi] == tap) dx[xi] += dy[yi];
        });
        return dx;
    }

    private static double Weight(PoolKind kind, PoolGeometry g, int inside) =>
        1.0 / (kind == PoolKind.AverageIncludingPadding ? g.Window.ElementCount : inside);

    /// <summary>Calls the body with the flat indices of x and y, the tap, and how many taps of this window are no padding.</summary>
    private static void Visit(PoolGeometry g, Action<int, int, int, int> body)
    {
        var (s, t, planes) = (NaiveWindows.Area(g.Input), NaiveWindows.Area(g.Output), g.Input[0] * g.Input[1]);
        var ones = Shape.Create([.. Enumerable.Repeat(1, g.Window.Rank)]);
        var inside = new int[t];
        Walk((source, target, _) => { if (source >= 0) inside[target]++; });
        Walk((source, target, tap) =>
        {
            for (var plane = 0; plane < planes && source >= 0; plane++)
                body(plane * s + source, plane * t + target, tap, inside[target]);
        });

        void Walk(Action<int, int, int> visit) => NaiveWindows.Visit(NaiveWindows.Spatial(g.Input), NaiveWindows.Spatial(g.Output),
            g.Window.Dimensions.ToArray(), g.Strides, ones, g.PadBegin, visit);
    }
}
