using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Spectral()
    {
        foreach (var n in new[] { 1, 2, 3, 4, 5, 8, 12, 30, 67, 128 })
        {
            yield return Many($"Fft/forward{n}", x => Both(Operations.Fft(x[0], x[1])));
            yield return Many($"Fft/inverse{n}", x => Both(Operations.Ifft(x[0], x[1])));
            yield return Two($"Irfft/{n}", (re, im) => Operations.Irfft(re, im, n));
        }
        yield return Many("Rfft", x => Both(x[0].Rfft()));
        yield return Many("Fft/two", x => Both(Operations.Fft2(x[0], x[1])));
        yield return Many("Fft/two-inverse", x => Both(Operations.Ifft2(x[0], x[1])));
        yield return Many("Fft/three", x => Both(Operations.Fft3(x[0], x[1])));
        yield return Many("Fft/three-inverse", x => Both(Operations.Ifft3(x[0], x[1])));
        yield return Many("Fft/first", x => Both(Operations.Fft(x[0], x[1], 0)));
        yield return Many("Rfft/two", x => Both(x[0].Rfft2()));
        yield return Many("Rfft/three", x => Both(x[0].Rfft3()));
        yield return Two("Irfft/two", (re, im) => Operations.Irfft2(re, im, 5));
        yield return Two("Irfft/three", (re, im) => Operations.Irfft3(re, im));
        yield return One("FftShift", x => x.FftShift());
        yield return One("IfftShift", x => x.IfftShift());
        foreach (var kind in Enum.GetValues<WindowKind>())
        {
            yield return new($"Window/{kind.ToString().ToLowerInvariant()}", (g, _) => [g.Window(kind, 6, type: DType.Float64)]);
            yield return new($"Window/{kind.ToString().ToLowerInvariant()}-symmetric", (g, _) => [g.Window(kind, 7, symmetric: true, type: DType.Float64)]);
        }
        foreach (var (name, length, hop) in new[] { ("half", 8, 4), ("odd", 7, 3), ("one", 5, 1) })
            yield return Many($"Stft/{name}", x => Both(x[0].Stft(x[0].Graph.Window(WindowKind.Hamming, length, type: DType.Float64), hop)));
        foreach (var n in new[] { 1, 4, 7, 16 })
        {
            yield return One($"Dct2/orthonormal{n}", x => x.Dct2(orthonormal: true));
            yield return One($"Dct3/orthonormal{n}", x => x.Dct3(orthonormal: true));
        }
        yield return One("Dct2", x => x.Dct2());
        yield return One("Dct3", x => x.Dct3());
    }
}
