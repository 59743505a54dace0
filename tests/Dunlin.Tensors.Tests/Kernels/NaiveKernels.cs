using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>
/// Every kernel as the plainest loops that its specification describes, in double precision: the oracle for all kernel sets.
/// Inputs and outputs are row-major, in the order of the specification.
/// </summary>
internal static class NaiveKernels
{
    /// <summary>The outputs. The workspace of max pooling holds the window index of each maximum.</summary>
    public static double[][] Compute(KernelSpec spec, params double[][] inputs) => spec switch
    {
        MatMulSpec s => [MatMul(s, inputs[0], inputs[1], s.Bias ? inputs[2] : null)],
        ConvForwardSpec s => [NaiveConvolution.Forward(s.Geometry, inputs[0], inputs[1], s.Bias ? inputs[2] : null, s.Activation)],
        ConvBackwardDataSpec s => [NaiveConvolution.BackwardData(s.Geometry, inputs[0], inputs[1])],
        ConvBackwardWeightsSpec s => s.Bias
            ? [NaiveConvolution.BackwardWeights(s.Geometry, inputs[0], inputs[1]), NaiveConvolution.BackwardBias(s.Geometry, inputs[1])]
            : [NaiveConvolution.BackwardWeights(s.Geometry, inputs[0], inputs[1])],
        PoolForwardSpec s => NaivePooling.Forward(s.Geometry, s.Kind, inputs[0]),
        PoolBackwardSpec s => [NaivePooling.Backward(s.Geometry, s.Kind, inputs[0], s.Kind == PoolKind.Max ? inputs[1] : null)],
        BatchNormTrainSpec s => NaiveNorms.BatchTrain(s, inputs[0], inputs[1], inputs[2]),
        BatchNormInferSpec s => [NaiveNorms.BatchInfer(s.Input, s.Epsilon, inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])],
        BatchNormBackwardSpec s => NaiveNorms.BatchBackward(s, inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]),
        LayerNormForwardSpec s => NaiveNorms.LayerForward(s, inputs[0], inputs[1], inputs[2]),
        LayerNormBackwardSpec s => NaiveNorms.LayerBackward(s, inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]),
        SoftmaxForwardSpec s => [SoftmaxForward(s, inputs[0])],
        SoftmaxBackwardSpec s => [SoftmaxBackward(s, inputs[0], inputs[1])],
        ReorderSpec => [inputs[0]],
        _ => throw new ArgumentException($"No oracle for {spec}."),
    };

    public static double Activate(double x, Activation activation) => activation == Activation.Relu ? Math.Max(x, 0) : x;

    private static double[] MatMul(MatMulSpec s, double[] a, double[] b, double[]? bias)
    {
        var y = new double[s.Batch * s.M * s.N];
        for (var batch = 0; batch < s.Batch; batch++)
            for (var m = 0; m < s.M; m++)
                for (var n = 0; n < s.N; n++)
                {
                    var sum = bias?[n] ?? 0;
                    for (var k = 0; k < s.K; k++)
                        sum += a[batch * s.M * s.K + (s.TransposeA ? k * s.M + m : m * s.K + k)]
                             * b[batch * s.K * s.N + (s.TransposeB ? n * s.K + k : k * s.N + n)];
                    y[(batch * s.M + m) * s.N + n] = Activate(sum, s.Activation);
                }
        return y;
    }

    private static double[] SoftmaxForward(SoftmaxForwardSpec s, double[] x)
    {
        var y = new double[x.Length];
        ForEachLine(s.Outer, s.Length, s.Inner, line =>
        {
            var max = line.Max(i => x[i]);
            var logSum = Math.Log(line.Sum(i => Math.Exp(x[i] - max)));
            foreach (var i in line) y[i] = s.Logarithm ? x[i] - max - logSum : Math.Exp(x[i] - max - logSum);
        });
        return y;
    }

    private static double[] SoftmaxBackward(SoftmaxBackwardSpec s, double[] y, double[] dy)
    {
        var dx = new double[y.Length];
        ForEachLine(s.Outer, s.Length, s.Inner, line =>
        {
            var sum = line.Sum(i => s.Logarithm ? dy[i] : dy[i] * y[i]);
            foreach (var i in line) dx[i] = s.Logarithm ? dy[i] - Math.Exp(y[i]) * sum : y[i] * (dy[i] - sum);
        });
        return dx;
    }

    private static void ForEachLine(int outer, int length, int inner, Action<int[]> body)
    {
        if (length == 0) return;
        for (var o = 0; o < outer; o++)
            for (var i = 0; i < inner; i++)
                body([.. Enumerable.Range(0, length).Select(l => (o * length + l) * inner + i)]);
    }
}
