using System.Numerics.Tensors;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Strategies;

/// <summary>Makes the softmax over all classes of those over parts of them.</summary>
internal static class SoftmaxParts
{
    /// <summary>log Σ exp of all scores is that of the parts' greatest scores m and sums s: M + log Σ s exp(m − M), with M the greatest of all; the loss is that less the right class's score.</summary>
    /// <param name="parts">Of each part [3, N]: m, s, and the right class's score, 0 where it is in another part.</param>
    /// <param name="losses">Receives the losses [N].</param>
    /// <param name="normalizers">Receives log Σ exp [N].</param>
    public static void Combine(IReadOnlyList<Tensor> parts, Span<float> losses, Span<float> normalizers)
    {
        var count = losses.Length;
        for (var n = 0; n < count; n++)
        {
            var greatest = float.NegativeInfinity;
            foreach (var part in parts) greatest = Math.Max(greatest, part.Span<float>()[n]);
            var (sum, right) = (0.0, 0.0);
            foreach (var part in parts)
            {
                var numbers = part.Span<float>();
                sum += numbers[count + n] * Math.Exp(numbers[n] - greatest);
                right += numbers[2 * count + n];
            }
            var normalizer = greatest + Math.Log(sum);
            (normalizers[n], losses[n]) = ((float)normalizer, (float)(normalizer - right));
        }
    }

    /// <summary>Puts columns [N, c] to their places among others [N, C].</summary>
    public static void PutColumns(Tensor part, int first, Tensor all)
    {
        var (width, whole) = (part.Shape[1], all.Shape[^1]);
        for (var n = 0; n < part.Shape[0]; n++) part.Span<float>().Slice(n * width, width).CopyTo(all.Span<float>()[(n * whole + first)..]);
    }

    /// <summary>Sums the parts' gradients, in their order.</summary>
    public static void Sum(IReadOnlyList<Tensor> parts, Span<float> sum)
    {
        sum.Clear();
        foreach (var part in parts) TensorPrimitives.Add(sum, part.Span<float>(), sum);
    }
}
