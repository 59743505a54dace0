using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Normalises each channel by the batch's statistics (two passes, so that a large mean costs no precision).</summary>
internal sealed unsafe class BatchNormTrainKernel<T>(BatchNormPlan plan) : ManagedKernel(3 * plan.Work) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(plan.Channels, worker, workers);
        for (var channel = (nint)begin; channel < end; channel++)
        {
            var x = Buffer<T>(0) + channel * plan.Area;
            var stride = (nint)plan.Channels * plan.Area;
            var (sum, squares, count) = (T.Zero, T.Zero, T.CreateChecked(plan.Count));
            for (var image = 0; image < plan.Images; image++) sum += Rows<T>.Sum(x + image * stride, plan.Area);
            var mean = sum / count;
            for (var image = 0; image < plan.Images; image++) squares += Rows<T>.SumOfSquares(x + image * stride, mean, plan.Area);
            var variance = squares / count;
            Buffer<T>(4)[channel] = mean;
            Buffer<T>(5)[channel] = variance;
            var factor = Buffer<T>(1)[channel] * Rows<T>.InverseDeviation(variance, plan.Epsilon);
            var y = Buffer<T>(3) + channel * plan.Area;
            for (var image = 0; image < plan.Images; image++)
                Rows<T>.Scale(x + image * stride, mean, factor, Buffer<T>(2)[channel], y + image * stride, plan.Area);
        }
    }
}

/// <summary>Normalises each channel by given statistics.</summary>
internal sealed unsafe class BatchNormInferKernel<T>(BatchNormPlan plan) : ManagedKernel(plan.Work) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override bool CanOverwrite(int input, int output) => input == 0;

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share((long)plan.Images * plan.Channels, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var channel = plane % plan.Channels;
            var factor = Buffer<T>(1)[channel] * Rows<T>.InverseDeviation(Buffer<T>(4)[channel], plan.Epsilon);
            Rows<T>.Scale(Buffer<T>(0) + plane * plan.Area, Buffer<T>(3)[channel], factor, Buffer<T>(2)[channel], Buffer<T>(5) + plane * plan.Area, plan.Area);
        }
    }
}
