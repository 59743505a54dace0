using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>Convolution and its gradients: one sum over all (image, output channel, input channel, position, tap), read three ways.</summary>
internal static class NaiveConvolution
{
    public static double[] Forward(ConvGeometry g, double[] x, double[] w, double[]? bias, Activation activation)
    {
        var y = new double[g.Output.ElementCount];
        var area = NaiveWindows.Area(g.Output);
        for (var i = 0; i < y.Length && bias != null; i++) y[i] = bias[i / area % g.Weights[0]];
        Visit(g, (xi, wi, yi) => y[yi] += x[xi] * w[wi]);
        return [.. y.Select(v => NaiveKernels.Activate(v, activation))];
    }

    public static double[] BackwardData(ConvGeometry g, double[] w, double[] dy)
    {
        var dx = new double[g.Input.ElementCount];
        Visit(g, (xi, wi, yi) => dx[xi] += dy[yi] * w[wi]);
        return dx;
    }

    public static double[] BackwardWeights(ConvGeometry g, double[] x, double[] dy)
    {
        var dw = new double[g.Weights.ElementCount];
        Visit(g, (xi, wi, yi) => dw[wi] += dy[yi] * x[xi]);
        return dw;
    }

    public static double[] BackwardBias(ConvGeometry g, double[] dy)
    {
        var dbias = new double[g.Weights[0]];
        for (var i = 0; i < dy.Length; i++) dbias[i / NaiveWindows.Area(g.Output) % dbias.Length] += dy[i];
        return dbias;
    }

    private static void Visit(ConvGeometry g, Action<int, int, int> product)
    {
        var (images, channels, outputs, perGroup) = (g.Input[0], g.Input[1], g.Weights[0], g.Weights[1]);
        var (s, t, k) = (NaiveWindows.Area(g.Input), NaiveWindows.Area(g.Output), NaiveWindows.Area(g.Weights));
        NaiveWindows.Visit(NaiveWindows.Spatial(g.Input), NaiveWindows.Spatial(g.Output), NaiveWindows.Spatial(g.Weights),
            g.Strides, g.Dilations, g.PadBegin, (source, target, tap) =>
            {
                if (source < 0) return;
                for (var n = 0; n < images; n++)
                    for (var o = 0; o < outputs; o++)
                        for (var c = 0; c < perGroup; c++)
                        {
                            var channel = o / (outputs / g.Groups) * perGroup + c;
                            product((n * channels + channel) * s + source, (o * perGroup + c) * k + tap, (n * outputs + o) * t + target);
                        }
            });
    }
}
