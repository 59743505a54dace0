using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>The oracle itself, on figures small enough to check by hand, and its gradients against differences of its forward passes.</summary>
public class NaiveKernelsTests
{
    [Fact]
    public void A_convolution_slides_a_dilated_window_over_zeros_at_the_edges()
    {
        var g = new ConvGeometry([1, 1, 4], [1, 1, 2], [2], [2], [1], [2], 1);
        Assert.Equal([20, 2 + 40, 4], NaiveKernels.Compute(new ConvForwardSpec(DType.Float64, g), [1, 2, 3, 4], [1, 10])[0]);
    }

    [Fact]
    public void Pooling_ignores_or_counts_padding()
    {
        var g = new PoolGeometry([1, 1, 3], [2], [2], [1], [0]);
        double[] x = [-1, -3, -2];
        Assert.Equal([-1, -2], NaiveKernels.Compute(new PoolForwardSpec(DType.Float64, g, PoolKind.Max), x)[0]);
        Assert.Equal([1, 1], NaiveKernels.Compute(new PoolForwardSpec(DType.Float64, g, PoolKind.Max), x)[1]);
        Assert.Equal([-0.5, -2.5], NaiveKernels.Compute(new PoolForwardSpec(DType.Float64, g, PoolKind.AverageIncludingPadding), x)[0]);
        Assert.Equal([-1, -2.5], NaiveKernels.Compute(new PoolForwardSpec(DType.Float64, g, PoolKind.AverageExcludingPadding), x)[0]);
    }

    [Fact]
    public void Convolution_gradients_are_the_forward_pass_s_adjoints()
    {
        var g = new ConvGeometry([2, 4, 5, 6], [6, 2, 3, 2], [2, 1], [1, 2], [1, 0], [0, 2], 2);
        var forward = new ConvForwardSpec(DType.Float64, g);
        double[][] xw = [.. KernelOperands.Sample(forward).Select(KernelOperands.ToDoubles)];
        var dy = KernelOperands.ToDoubles(KernelOperands.Sample(new ConvBackwardDataSpec(DType.Float64, g))[1]);
        var product = Dot(NaiveKernels.Compute(forward, xw)[0], dy);
        Assert.Equal(product, Dot(xw[0], NaiveKernels.Compute(new ConvBackwardDataSpec(DType.Float64, g), xw[1], dy)[0]), 1e-9);
        Assert.Equal(product, Dot(xw[1], NaiveKernels.Compute(new ConvBackwardWeightsSpec(DType.Float64, g), xw[0], dy)[0]), 1e-9);
    }

    [Fact]
    public void Normalisation_gradients_follow_differences()
    {
        Shape shape = [3, 2, 2];
        var x = KernelOperands.ToDoubles(KernelOperands.Sample(new PoolForwardSpec(DType.Float64, new(shape, [1], [1], [0], [0]), PoolKind.Max))[0]);
        double[] dy = [.. x.Select(v => Math.Cos(5 * v))];
        double[] scale = [0.7, 1.3], shift = [0.1, -0.2];
        var train = new BatchNormTrainSpec(DType.Float64, shape, 1e-3);
        var f = NaiveKernels.Compute(train, x, scale, shift);
        AssertGradient(v => Dot(NaiveKernels.Compute(train, v, scale, shift)[0], dy), x,
            NaiveKernels.Compute(new BatchNormBackwardSpec(DType.Float64, shape, 1e-3), x, scale, f[1], f[2], dy)[0]);
        var layer = new LayerNormForwardSpec(DType.Float64, 6, 2, 1e-3);
        f = NaiveKernels.Compute(layer, x, scale, shift);
        AssertGradient(v => Dot(NaiveKernels.Compute(layer, v, scale, shift)[0], dy), x,
            NaiveKernels.Compute(new LayerNormBackwardSpec(DType.Float64, 6, 2, 1e-3), x, scale, f[1], f[2], dy)[0]);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Softmax_gradients_follow_differences(bool logarithm)
    {
        double[] x = [0.3, -1, 2, 0.5, 1, -0.2];
        double[] dy = [1, -2, 0.5, 3, 0.1, -1];
        var forward = new SoftmaxForwardSpec(DType.Float64, 1, 3, 2, logarithm);
        AssertGradient(v => Dot(NaiveKernels.Compute(forward, v)[0], dy), x,
            NaiveKernels.Compute(new SoftmaxBackwardSpec(DType.Float64, 1, 3, 2, logarithm), NaiveKernels.Compute(forward, x)[0], dy)[0]);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static void AssertGradient(Func<double[], double> f, double[] x, double[] gradient)
    {
        const double h = 1e-5;
        for (var i = 0; i < x.Length; i++)
        {
            double[] up = [.. x], down = [.. x];
            up[i] += h;
            down[i] -= h;
            Assert.Equal((f(up) - f(down)) / (2 * h), gradient[i], 1e-6);
        }
    }
}
