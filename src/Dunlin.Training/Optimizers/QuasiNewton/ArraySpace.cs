using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>Vectors that are arrays of this process.</summary>
internal sealed class ArraySpace : IVectorSpace
{
    private readonly Objective _objective;
    private readonly double[][] _vectors;

    /// <param name="objective">The function.</param>
    /// <param name="x">Is vector <see cref="LbfgsSearch.X"/>.</param>
    /// <param name="vectors">How many there are.</param>
    public ArraySpace(Objective objective, double[] x, int vectors)
    {
        _objective = objective;
        _vectors = [.. Enumerable.Range(0, vectors).Select(i => i == LbfgsSearch.X ? x : new double[x.Length])];
    }

    public double[] this[int vector] => _vectors[vector];

    public void Combine(int target, double alpha, int a, double beta, int b) => VectorArithmetic.Combine(_vectors[target], alpha, _vectors[a], beta, _vectors[b]);

    public void Dots(ReadOnlySpan<(int A, int B)> pairs, Span<double> results)
    {
        for (var i = 0; i < pairs.Length; i++) results[i] = TensorPrimitives.Dot<double>(_vectors[pairs[i].A], _vectors[pairs[i].B]);
    }

    public double Evaluate(int gradient) => _objective(_vectors[LbfgsSearch.Trial], _vectors[gradient]);
}
