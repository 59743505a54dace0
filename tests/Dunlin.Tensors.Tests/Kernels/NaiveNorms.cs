using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>Batch and layer normalisation: both normalise groups of elements, and differ in which elements form a group and share a scale.</summary>
internal static class NaiveNorms
{
    public static double[][] BatchTrain(BatchNormTrainSpec s, double[] x, double[] scale, double[] shift)
    {
        var (mean, variance) = Statistics(x, s.Input[1], Channel(s.Input));
        return [BatchInfer(s.Input, s.Epsilon, x, scale, shift, mean, variance), mean, variance];
    }

    public static double[] BatchInfer(Shape input, double epsilon, double[] x, double[] scale, double[] shift, double[] mean, double[] variance) =>
        Normalize(x, scale, shift, mean, variance, epsilon, Channel(input), Channel(input));

    public static double[][] BatchBackward(BatchNormBackwardSpec s, double[] x, double[] scale, double[] mean, double[] variance, double[] dy) =>
        Backward(x, scale, mean, variance, dy, s.Epsilon, Channel(s.Input), Channel(s.Input));

    public static double[][] LayerForward(LayerNormForwardSpec s, double[] x, double[] scale, double[] shift)
    {
        var (mean, variance) = Statistics(x, s.Rows, i => i / s.Columns);
        return [Normalize(x, scale, shift, mean, variance, s.Epsilon, i => i / s.Columns, i => i % s.Columns), mean, variance];
    }

    public static double[][] LayerBackward(LayerNormBackwardSpec s, double[] x, double[] scale, double[] mean, double[] variance, double[] dy) =>
        Backward(x, scale, mean, variance, dy, s.Epsilon, i => i / s.Columns, i => i % s.Columns);

    private static Func<int, int> Channel(Shape input)
    {
        var (area, channels) = (NaiveWindows.Area(input), input[1]);
        return i => i / area % channels;
    }

    private static (double[] Mean, double[] Variance) Statistics(double[] x, int groups, Func<int, int> group)
    {
        var (mean, variance) = (new double[groups], new double[groups]);
        var count = x.Length / groups;
        for (var i = 0; i < x.Length; i++) mean[group(i)] += x[i] / count;
        for (var i = 0; i < x.Length; i++) variance[group(i)] += Math.Pow(x[i] - mean[group(i)], 2) / count;
        return (mean, variance);
    }

    private static double[] Normalize(double[] x, double[] scale, double[] shift, double[] mean, double[] variance, double epsilon,
        Func<int, int> group, Func<int, int> parameter) =>
        [.. x.Select((v, i) => scale[parameter(i)] * (v - mean[group(i)]) / Math.Sqrt(variance[group(i)] + epsilon) + shift[parameter(i)])];

    private static double[][] Backward(double[] x, double[] scale, double[] mean, double[] variance, double[] dy, double epsilon,
        Func<int, int> group, Func<int, int> parameter)
    {
        var count = x.Length / mean.Length;
        var (dx, dscale, dshift) = (new double[x.Length], new double[scale.Length], new double[scale.Length]);
        var (sum, sumHat) = (new double[mean.Length], new double[mean.Length]);
        double Hat(int i) => (x[i] - mean[group(i)]) / Math.Sqrt(variance[group(i)] + epsilon);
        for (var i = 0; i < x.Length; i++)
        {
            dscale[parameter(i)] += dy[i] * Hat(i);
            dshift[parameter(i)] += dy[i];
            sum[group(i)] += dy[i] * scale[parameter(i)] / count;
            sumHat[group(i)] += dy[i] * scale[parameter(i)] * Hat(i) / count;
        }
        for (var i = 0; i < x.Length; i++)
            dx[i] = (dy[i] * scale[parameter(i)] - sum[group(i)] - Hat(i) * sumHat[group(i)]) / Math.Sqrt(variance[group(i)] + epsilon);
        return [dx, dscale, dshift];
    }
}
