using System.Numerics;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Forms the whole matrix of <see cref="Columns{T}"/>, or adds it back into the image. Each channel of an image is a piece of work.</summary>
internal sealed unsafe class PatchesKernel<T>(ConvGeometry geometry, bool fold) : ManagedKernel(geometry.Input[0] * (double)geometry.Input[1] * Size(geometry))
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly WindowShape _shape = WindowShape.Of(geometry);
    private readonly long _planes = (long)geometry.Input[0] * geometry.Input[1];

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_planes, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var image = Buffer<T>(fold ? 1 : 0) + plane * _shape.Elements;
            var columns = Buffer<T>(fold ? 0 : 1) + plane * _shape.Taps * _shape.Positions;
            if (!fold) Columns<T>.Gather(_shape, image, 0, _shape.Taps, 0, _shape.Positions, columns, _shape.Positions);
            else
            {
                NativeMemory.Clear(image, (nuint)_shape.Elements * (nuint)sizeof(T));
                Columns<T>.ScatterAdd(_shape, image, 0, _shape.Taps, 0, _shape.Positions, columns, _shape.Positions);
            }
        }
    }

    private static double Size(ConvGeometry geometry) => geometry.Weights[2..].ElementCount / 4.0 * geometry.Output[2..].ElementCount;
}
