using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>What <see cref="IVectorSpace"/> computes, over elements in memory. All is computed in Float64, also where elements are Float32.</summary>
internal static class VectorArithmetic
{
    /// <summary>So many elements at a time are turned into Float64: they stay in the first cache.</summary>
    private const int Piece = 1024;

    /// <summary>target ← α · a + β · b; with β = 0, b is not read.</summary>
    public static void Combine(Span<double> target, double alpha, ReadOnlySpan<double> a, double beta, ReadOnlySpan<double> b)
    {
        if (beta == 0)
        {
            if (alpha == 1) a.CopyTo(target);
            else TensorPrimitives.Multiply(a, alpha, target);
        }
        else if (alpha == 1) TensorPrimitives.MultiplyAdd(b, beta, a, target);
        else if (beta == 1) TensorPrimitives.MultiplyAdd(a, alpha, b, target);
        else
        {
            Span<double> scaled = stackalloc double[Piece];
            for (var at = 0; at < target.Length; at += Piece)
            {
                var length = Math.Min(Piece, target.Length - at);
                TensorPrimitives.Multiply(b.Slice(at, length), beta, scaled);
                TensorPrimitives.MultiplyAdd(a.Slice(at, length), alpha, scaled[..length], target.Slice(at, length));
            }
        }
    }

    /// <inheritdoc cref="Combine(Span{double}, double, ReadOnlySpan{double}, double, ReadOnlySpan{double})"/>
    public static void Combine(Span<float> target, double alpha, ReadOnlySpan<float> a, double beta, ReadOnlySpan<float> b)
    {
        Span<double> first = stackalloc double[Piece], second = stackalloc double[Piece];
        for (var at = 0; at < target.Length; at += Piece)
        {
            var length = Math.Min(Piece, target.Length - at);
            TensorPrimitives.ConvertTruncating(a.Slice(at, length), first);
            if (beta != 0) TensorPrimitives.ConvertTruncating(b.Slice(at, length), second);
            Combine(first[..length], alpha, first[..length], beta, second[..length]);
            TensorPrimitives.ConvertTruncating<double, float>(first[..length], target.Slice(at, length));
        }
    }

    /// <summary>⟨a, b⟩.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Span<double> first = stackalloc double[Piece], second = stackalloc double[Piece];
        var sum = 0.0;
        for (var at = 0; at < a.Length; at += Piece)
        {
            var length = Math.Min(Piece, a.Length - at);
            TensorPrimitives.ConvertTruncating(a.Slice(at, length), first);
            TensorPrimitives.ConvertTruncating(b.Slice(at, length), second);
            sum += TensorPrimitives.Dot<double>(first[..length], second[..length]);
        }
        return sum;
    }
}
