namespace Dunlin.Graphs.Ops;

/// <summary>Normalisations made of other operations.</summary>
public static partial class Operations
{
    /// <summary>x / max(‖x‖₂, ε), the norm along some dimensions: vectors of length 1. Where the norm is less than ε, the gradient is dy / ε.</summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="axes">The dimensions that make a vector; null for all.</param>
    /// <param name="epsilon">Keeps the divisor away from 0; greater than 0.</param>
    public static Value L2Normalize(this Value x, int[]? axes = null, double epsilon = 1e-12)
    {
        Require.Above(nameof(L2Normalize), epsilon, 0);
        // The maximum is taken of squares: the root has no gradient at 0.
        return x * x.Square().Sum(axes, keepDimensions: true).Maximum(x.Number(epsilon * epsilon)).Rsqrt();
    }

    /// <summary>
    /// Weights whose directions and lengths are separate (Salimans and Kingma, 2016): w = length · v / ‖v‖₂, the norm over all dimensions but one.
    /// </summary>
    /// <param name="v">The directions, such as [O, I, K…]; no vector of them is 0.</param>
    /// <param name="length">[v.Shape[axis]].</param>
    /// <param name="axis">The dimension whose entries have a length each; a negative one counts from the last.</param>
    /// <exception cref="ShapeException">There is no such dimension, or not one length for each of its entries.</exception>
    public static Value WeightNorm(this Value v, Value length, int axis = 0)
    {
        if (!Along.Fits(axis, v.Shape)) throw new ShapeException($"WeightNorm({v}): there is no dimension {axis}.");
        if (axis < 0) axis += v.Shape.Rank;
        if (length.Shape.Rank != 1 || !Shape.Of(v.Shape[axis]).Accepts(length.Shape)) throw new ShapeException($"WeightNorm({v}, {length}): takes one length for each entry of dimension {axis}.");
        // Without other dimensions each entry is a vector of its own.
        var norms = v.Shape.Rank == 1 ? v.Abs() : v.NormL2([.. Enumerable.Range(0, v.Shape.Rank).Where(d => d != axis)], keepDimensions: true);
        return v * (length.ReshapeLike(norms) / norms);
    }

    /// <summary>
    /// Weights divided by their largest singular value (Miyato et al., 2018), as a matrix of w's dimension 0 by all others: σ = uᵀ · W · v, where u and v come from
    /// steps of the power iteration v = Wᵀu / ‖Wᵀu‖, u = Wv / ‖Wv‖ and count as constants.
    /// </summary>
    /// <param name="w">Weights [O, I, …], all lengths known.</param>
    /// <param name="u">[O]: an estimate of the first left singular vector. Hand the one that comes back to the next step, and few steps are enough.</param>
    /// <param name="iterations">Steps, at least 0; without any, u is taken as it is.</param>
    /// <param name="epsilon">Keeps norms away from 0.</param>
    /// <returns>The weights and the better estimate of u.</returns>
    /// <exception cref="ShapeException">w is not a matrix at least, or u has not its rows.</exception>
    public static (Value Weights, Value U) SpectralNorm(this Value w, Value u, int iterations = 1, double epsilon = 1e-12)
    {
        Require.AtLeast(nameof(SpectralNorm), iterations, 0);
        if (w.Shape.Rank < 2 || u.Shape.Rank != 1 || !Shape.Of(w.Shape[0]).Accepts(u.Shape)) throw new ShapeException($"SpectralNorm({w}, {u}): takes weights [O, I, …] and u[O].");
        var matrix = w.Shape.Rank == 2 ? w : w.Flatten(1);
        var fixedMatrix = matrix.StopGradient();
        // Rows: u as [1, O], v as [1, I…].
        var row = u.StopGradient().ExpandDims(0);
        var v = row.MatMul(fixedMatrix).L2Normalize(epsilon: epsilon);
        for (var i = 0; i < iterations; i++)
        {
            row = v.MatMul(fixedMatrix, transposeB: true).L2Normalize(epsilon: epsilon);
            if (i < iterations - 1) v = row.MatMul(fixedMatrix).L2Normalize(epsilon: epsilon);
        }
        var sigma = (row.MatMul(matrix) * v).Sum();
        return (w / sigma, row.ReshapeLike(u));
    }
}
