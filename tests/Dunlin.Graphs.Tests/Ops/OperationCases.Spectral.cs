using Dunlin.Graphs.Ops;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Spectral()
    {
        foreach (var shape in new int[][] { [1], [2, 2], [3], [2, 4], [5], [2, 1, 6], [8], [9], [0, 4], [67] })
        {
            foreach (var inverse in new[] { false, true })
                yield return Two("Fft", (re, im) => { var (a, b) = inverse ? Operations.Ifft(re, im) : Operations.Fft(re, im); return a.Square() + b.Sin(); }, Signed(shape), Signed(shape));
            yield return Two("Fft", (re, im) => Operations.Fft(re, im).Re, Signed(shape), Signed(shape));
            yield return One("Rfft", x => { var (a, b) = x.Rfft(); return a.Square() + b.Sin(); }, Signed(shape));
            yield return One("Rfft", x => x.Rfft().Im, Signed(shape));
            int[] half = [.. shape[..^1], shape[^1] / 2 + 1];
            var length = shape[^1];
            yield return Two("Irfft", (re, im) => Operations.Irfft(re, im, length).Sin(), Signed(half), Signed(half));
        }
        yield return Two("Fft", (re, im) => { var (a, b) = Operations.Fft2(re, im); return a * b; }, Signed(2, 3, 4), Signed(2, 3, 4));
        yield return Two("Fft", (re, im) => { var (a, b) = Operations.Ifft3(re, im); return a * b; }, Signed(2, 3, 2), Signed(2, 3, 2));
        yield return One("Rfft", x => { var (a, b) = x.Rfft3(); return a * b; }, Signed(2, 3, 4));
        yield return Two("Irfft", (re, im) => Operations.Irfft3(re, im, 5), Signed(2, 3, 3), Signed(2, 3, 3));
        yield return One("Rfft", x => { var (re, im) = x.Stft(x.Graph.Window(WindowKind.Hamming, 4, type: x.Type), 2); return re.Square() + im.Square(); }, Signed(2, 9));
        yield return Two("Irfft", (re, im) => Operations.Istft(re, im, re.Graph.Window(WindowKind.Hamming, 4, type: re.Type), 2), Signed(2, 3, 3), Signed(2, 3, 3));
        foreach (var n in new[] { 1, 4, 5 })
            foreach (var orthonormal in new[] { false, true })
            {
                yield return One("Fft", x => x.Dct2(orthonormal), Signed(2, n));
                yield return One("Fft", x => x.Dct3(orthonormal), Signed(2, n));
            }
    }
}
