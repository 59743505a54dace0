using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Gradient of batch normalisation. With x̂ = (x − mean) / σ and n elements a channel: dshift = Σ dy, dscale = Σ dy · x̂,
/// dx = scale / σ · (dy − dshift / n − x̂ · dscale / n) (Ioffe and Szegedy, 2015).
/// </summary>
internal sealed unsafe class BatchNormBackwardKernel<T>(BatchNormPlan plan) : ManagedKernel(3 * plan.Work) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(plan.Channels, worker, workers);
        for (var channel = (nint)begin; channel < end; channel++)
        {
            var x = Buffer<T>(0) + channel * plan.Area;
            var dy = Buffer<T>(4) + channel * plan.Area;
            var stride = (nint)plan.Channels * plan.Area;
            var mean = Buffer<T>(2)[channel];
            var inverse = Rows<T>.InverseDeviation(Buffer<T>(3)[channel], plan.Epsilon);
            var (dshift, products, count) = (T.Zero, T.Zero, T.CreateChecked(plan.Count));
            for (var image = 0; image < plan.Images; image++)
            {
                dshift += Rows<T>.Sum(dy + image * stride, plan.Area);
                products += Rows<T>.SumOfProducts(x + image * stride, mean, dy + image * stride, T.Zero, plan.Area);
            }
            var dscale = products * inverse;
            Buffer<T>(6)[channel] = dscale;
            Buffer<T>(7)[channel] = dshift;
            var factor = Buffer<T>(1)[channel] * inverse;
            var dx = Buffer<T>(5) + channel * plan.Area;
            for (var image = 0; image < plan.Images; image++)
                Rows<T>.Gradient(x + image * stride, mean, dscale * inverse / count, dy + image * stride, dshift / count, factor, dx + image * stride, plan.Area);
        }
    }
}
