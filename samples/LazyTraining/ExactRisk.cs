using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Samples.LazyTraining;

/// <summary>The least risk that each regime can reach with given first weights: expectations over x in closed form, no sampling and no limit.</summary>
public static class ExactRisk
{
    /// <summary>The least risk as a share of that of the best constant.</summary>
    /// <param name="model">The data.</param>
    /// <param name="regime">What is trained.</param>
    /// <param name="weights">The first weights [N, d], Float64. Full training forgets them: only N counts.</param>
    /// <remarks>
    /// For the mixture, full training is given by the N leading eigenvectors of Δ. That is what N neurons reach, and the least risk in the limit.
    /// </remarks>
    public static double Of(DataModel model, Regime regime, Tensor weights)
    {
        if (weights.Shape.Rank != 2 || weights.Shape[1] != model.Size) throw new DunlinException($"Weights {weights} were given for data of dimension {model.Size}; they have the shape [N, {model.Size}].");
        return model.Risk(regime switch
        {
            Regime.RandomFeatures => OfFeatures(model, weights),
            Regime.NeuralTangent => OfTangents(model, weights),
            _ => model.Spectrum.Select(m => m * m / (1 + model.Coupling * m * m)).OrderDescending().Take(weights.Shape[0]).Sum(),
        });
    }

    /// <summary>vᵀG⁻¹v with vᵢ = ⟨wᵢ, M wᵢ⟩ and Gᵢⱼ = ⟨wᵢwᵢᵀ, H wⱼwⱼᵀ⟩ = ⟨wᵢ, wⱼ⟩² + coupling · ⟨wᵢ, M wⱼ⟩².</summary>
    private static double OfFeatures(DataModel model, Tensor weights)
    {
        var graph = new Graph();
        var w = graph.Constant(weights);
        var scaled = w * graph.Constant(Tensor.From(model.Spectrum));
        var v = (w * scaled).Sum([1], keepDimensions: true);
        var gram = w.MatMul(w, transposeB: true).Square();
        if (model.Coupling != 0) gram += model.Coupling * scaled.MatMul(w, transposeB: true).Square();
        // More matrices wᵢwᵢᵀ than dimensions of symmetric matrices depend on each other, which the pseudo-inverse allows.
        var independent = weights.Shape[0] <= model.Size * (model.Size + 1) / 2;
        var solution = independent ? gram.Cholesky().CholeskySolve(v) : gram.PseudoInverse().MatMul(v);
        using var session = new Session(graph);
        return session.Run((v * solution).Sum()).Item<double>();
    }

    /// <summary>
    /// The class is all A = SᵀW + WᵀS, that is all symmetric A with R A R = 0, where R projects on what is orthogonal to all wᵢ. With the class's
    /// projector Π A = A − R A R, the best A solves Π H A = Π M. For coupling 0 that is Π M itself; else the iteration
    /// A ← Π(M − coupling · M A M) contracts, since all eigenvalues of M are less than 1.
    /// </summary>
    private static double OfTangents(DataModel model, Tensor weights)
    {
        var graph = new Graph();
        var m = graph.Constant(Tensor.From(model.Spectrum));
        var diagonal = m.Diagonal();
        var rest = graph.Constant(Orthogonal(weights));
        var a = graph.Placeholder("a", DType.Float64, [model.Size, model.Size]);
        Value Project(Value x) => x - rest.MatMul(x).MatMul(rest);
        var next = Project(diagonal - model.Coupling * m.Outer(m) * a);
        using var session = new Session(graph);
        using var step = session.Compile([a], [next, (next * diagonal).Sum(), (next - a).Square().Sum()]);
        var current = Tensor.Zeros(DType.Float64, [model.Size, model.Size]);
        for (var iteration = 0; iteration < 10_000; iteration++)
        {
            var results = step.Run(current);
            if (model.Coupling == 0 || results[2].Item<double>() < 1e-26) return results[1].Item<double>();
            current = results[0];
        }
        throw new DunlinException($"An eigenvalue of Δ is so near 1 ({model.Spectrum.MaxBy(Math.Abs):g5}) that the best tangents were not found in 10,000 iterations.");
    }

    /// <summary>R = I − QQᵀ with the wᵢ's orthonormal basis Q.</summary>
    private static Tensor Orthogonal(Tensor weights)
    {
        var graph = new Graph();
        var q = graph.Constant(Basis(weights));
        using var session = new Session(graph);
        return session.Run(graph.Eye(weights.Shape[1], type: DType.Float64) - q.MatMul(q, transposeB: true));
    }

    /// <summary>An orthonormal basis of the span of the rows, as columns [d, min(N, d)].</summary>
    internal static Tensor Basis(Tensor weights)
    {
        var graph = new Graph();
        // Any d of the rows span everything: they are in general position, as random vectors are.
        var rows = graph.Constant(weights).StridedSlice(0..Math.Min(weights.Shape[0], weights.Shape[1]));
        using var session = new Session(graph);
        return session.Run(rows.MatrixTranspose().Qr().Q);
    }
}
