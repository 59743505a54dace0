using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Images()
    {
        (string Name, Shape Size)[] sizes = [("larger", [5, 7]), ("smaller", [2, 2]), ("mixed", [6, 1]), ("same", [3, 4]), ("odd", [4, 3])];
        (string Name, Interpolation Interpolation, bool Corners)[] modes =
        [
            ("nearest", Interpolation.Nearest, false), ("exact", Interpolation.NearestExact, false), ("area", Interpolation.Area, false), ("linear", Interpolation.Linear, false),
            ("linear-corners", Interpolation.Linear, true), ("cubic", Interpolation.Cubic, false), ("cubic-corners", Interpolation.Cubic, true),
        ];
        foreach (var (mode, interpolation, corners) in modes)
            foreach (var (name, size) in sizes)
            {
                yield return One($"Resize/{mode}-{name}", x => x.Resize(size, interpolation, corners));
                yield return Two($"ResizeBackward/{mode}-{name}", (x, dy) => Backward(x.Resize(size, interpolation, corners), dy, x));
            }
        yield return One("Resize/line", x => x.Resize([7]));
        yield return One("Resize/volume", x => x.Resize([3, 2, 5]));
        foreach (var outside in Enum.GetValues<Outside>())
            foreach (var (mode, interpolation) in new[] { ("bilinear", Interpolation.Linear), ("nearest", Interpolation.Nearest), ("bicubic", Interpolation.Cubic) })
                foreach (var corners in new[] { false, true })
                {
                    var name = $"{outside.ToString().ToLowerInvariant()}-{mode}{(corners ? "-corners" : "")}";
                    yield return Two($"GridSample/{name}", (x, grid) => x.GridSample(grid, interpolation, outside, corners));
                    yield return Many($"GridSampleBackward/{name}", x => x[0].Graph.AddNode(new GridSampleBackward(new(interpolation, outside, corners)), x).Outputs);
                }
        foreach (var (name, height, width) in new[] { ("square", 3, 3), ("wide", 2, 5), ("one", 1, 1) })
        {
            yield return One($"AffineGrid/{name}", x => x.AffineGrid(height, width));
            yield return One($"AffineGrid/{name}-corners", x => x.AffineGrid(height, width, alignCorners: true));
        }
        yield return One("RgbToHsv", x => x.RgbToHsv());
        yield return One("HsvToRgb", x => x.HsvToRgb());
        foreach (var operation in new[] { "RandomCrop", "RandomCropBackward" })
            yield return Without(operation, "It is random, with a generator of Dunlin's own choice.");
        foreach (var operation in new[] { "NonMaxSuppression", "DrawBoundingBoxes" }) yield return Without(operation, "Neither library has it.");
    }
}
