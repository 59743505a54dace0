using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Images()
    {
        foreach (var interpolation in Enum.GetValues<Interpolation>())
            foreach (var align in interpolation is Interpolation.Linear or Interpolation.Cubic ? new[] { false, true } : [false])
                foreach (var (x, size) in new[] { (Signed(2, 1, 5), Shape.Of(3)), (Signed(1, 2, 3, 4), [5, 2]), (Signed(1, 1, 2, 1, 3), [1, 2, 3]), (Signed(0, 1, 2), [4]) })
                {
                    Value Resized(Value v) => v.Resize(size, interpolation, align);
                    yield return One("Resize", Resized, x);
                    yield return One("ResizeBackward", v => Gradients.Of(Resized(v).Square().Sum(), v)[0]!.Dense(), x);
                }
        yield return new("RandomCrop", (_, x) => x[0].RandomCrop(x[1], 2, 3, 1, 2), [Signed(3, 2, 4, 5), Counter(7)]);
        yield return new("RandomCropBackward", (_, x) => Gradients.Of(x[0].RandomCrop(x[1], 2, 3, 1, 2).Square().Sum(), x[0])[0]!.Dense(), [Signed(3, 2, 4, 5), Counter(7)]);
        foreach (var outside in Enum.GetValues<Outside>())
            foreach (var align in new[] { false, true })
                foreach (var interpolation in new[] { Interpolation.Linear, Interpolation.Nearest, Interpolation.Cubic })
                {
                    // Between elements, not on them, where the slopes jump; some outside, as far as two mirrors.
                    Tensor[] inputs = [Signed(2, 2, 3, 4), Between(-3.3, 3.1, 2, 2, 3, 2)];
                    Value Sampled(IReadOnlyList<Value> x) => x[0].GridSample(x[1], interpolation, outside, align);
                    yield return new("GridSample", (_, x) => Sampled(x), inputs);
                    // 16 elements for each place make large graphs of the second order: for a cubic the ways to treat places outside are tried in turn.
                    if (interpolation == Interpolation.Cubic && align != (outside == Outside.Reflection)) continue;
                    yield return new("GridSampleBackward", (_, x) => Gradients.Of(Sampled(x).Square().Sum(), x[0])[0]!.Dense(), inputs);
                    if (interpolation != Interpolation.Nearest) yield return new("GridSampleBackward", (_, x) => Gradients.Of(Sampled(x).Square().Sum(), x[1])[0]!.Dense(), inputs);
                }
        yield return new("GridSample", (_, x) => x[0].CropAndResize(x[1], x[2], 3, 2, extrapolation: 0.5), [Signed(2, 2, 4, 5), Between(-0.2, 1.2, 3, 4), Integers([1, 0, 1])]);
        yield return new("GridSample", (_, x) => x[0].GridSample(x[1].AffineGrid(3, 2)), [Signed(1, 1, 3, 3), Between(-0.7, 0.7, 1, 2, 3)]);
        yield return new("GridSample", (_, x) => x[0].GridSample(x[1]), [Signed(0, 1, 2, 2), Signed(0, 1, 1, 2)]);
        foreach (var (n, c, h, w, colors) in new[] { (2, 2, 5, 6, 2), (1, 3, 1, 4, 1), (0, 1, 2, 2, 1) })
            yield return new("DrawBoundingBoxes", (_, x) => x[0].DrawBoundingBoxes(x[1].StopGradient(), x[2]), [Signed(n, c, h, w), Between(-0.2, 1.2, n, 3, 4), Signed(colors, c)]);
    }
}
