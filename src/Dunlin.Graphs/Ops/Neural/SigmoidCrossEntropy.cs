using System.Numerics;

namespace Dunlin.Graphs.Ops;

public sealed partial record Binary
{
    /// <summary>
    /// The cross entropy of sigmoid(a) against probabilities b: max(a, 0) − a·b + log(1 + exp(−|a|)), which equals
    /// −b·log σ(a) − (1 − b)·log(1 − σ(a)) and never overflows. Gradients: (σ(a) − b)·dy for a, −a·dy for b.
    /// </summary>
    public static readonly Binary SigmoidCrossEntropy = new("SigmoidCrossEntropy", new(LogisticLoss<float>), new(LogisticLoss<double>),
        (a, b, y, dy) => (dy * (a.Sigmoid() - b), -(dy * a)));

    private static void LogisticLoss<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> decay = (stackalloc T[TileFunction.MaxLength])[..a.Length];
        ElementaryMaps.Decay(a, decay);
        for (var i = 0; i < a.Length; i++) y[i] = T.Max(a[i], T.Zero) - a[i] * b[i] + decay[i];
    }
}

/// <summary>Losses of truth values.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Binary.SigmoidCrossEntropy"/>
    public static Value SigmoidCrossEntropy(this Value logits, Value targets) => logits.Graph.Add(Binary.SigmoidCrossEntropy, [logits, targets]);
}
