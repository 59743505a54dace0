namespace Dunlin.Tensors.Kernels;

/// <summary>What attention computes: softmax(Scale · q · kᵀ + mask) · v of q[…, Q, D], k[…, K, D] and v[…, K, E] with equal leading dimensions.</summary>
/// <param name="Query">[…, Q, D].</param>
/// <param name="Key">[…, K, D].</param>
/// <param name="Value">[…, K, E].</param>
/// <param name="Scale">What the products of queries and keys are multiplied with.</param>
/// <param name="Causal">Whether query i sees only keys 0 to i.</param>
public sealed record AttentionGeometry(Shape Query, Shape Key, Shape Value, double Scale, bool Causal = false)
{
    /// <summary>The shape of an operand that broadcasts to the scores […, Q, K]; null for none.</summary>
    public Shape? Mask { get; init; }

    /// <summary>Whether the mask is of Bool and says which keys are seen, instead of being added to the scores.</summary>
    public bool MaskHides { get; init; }

    /// <summary>The shape of an Int32 operand that says how many keys are real; it broadcasts to the leading dimensions from the first one on. Null for none.</summary>
    public Shape? Lengths { get; init; }

    /// <summary>Which weights are dropped, by an Int64 scalar operand that counts the steps; null for none.</summary>
    public WeightDropout? Dropout { get; init; }

    /// <summary>[…, Q, E].</summary>
    public Shape Output => Query[..^1].Append(Value[^1]);

    /// <summary>[…, Q].</summary>
    public Shape Rows => Query[..^1];

    /// <summary>How many matrices of queries there are.</summary>
    public int Matrices => checked((int)Query[..^2].ElementCount);

    /// <summary>How many operands stand between v and what else a kernel takes.</summary>
    public int Optional => (Mask is null ? 0 : 1) + (Lengths is null ? 0 : 1) + (Dropout is null ? 0 : 1);
}

/// <summary>Element i of the weights […, Q, K] is 0 where word i of the stream is below Rate · 2³², and else divided by 1 − Rate.</summary>
/// <param name="Rate">At least 0 and less than 1.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own.</param>
public sealed record WeightDropout(double Rate, ulong Seed, uint Stream)
{
    /// <summary>The least word that keeps an element.</summary>
    public uint Threshold => (uint)Math.Min(uint.MaxValue, Rate * 4294967296.0);
}

/// <summary>
/// Attention. Inputs: q, k, v, then the mask, the lengths and the step, as far as the geometry has them. Outputs: y[…, Q, E], which is 0 where a query sees no
/// key, and ln Σ exp of each query's scores […, Q], −∞ there.
/// </summary>
public sealed record AttentionForwardSpec(DType Type, AttentionGeometry Geometry) : KernelSpec(Type);

/// <summary>Gradient of <see cref="AttentionForwardSpec"/>. Inputs: those of the forward pass, y, ln Σ exp, dy. Outputs: dq, dk, dv.</summary>
public sealed record AttentionBackwardSpec(DType Type, AttentionGeometry Geometry) : KernelSpec(Type);

/// <summary>Gradient of <see cref="AttentionForwardSpec"/> by a mask that is added. Inputs: as of <see cref="AttentionBackwardSpec"/>. Output: dmask.</summary>
public sealed record AttentionMaskBackwardSpec(DType Type, AttentionGeometry Geometry) : KernelSpec(Type);
