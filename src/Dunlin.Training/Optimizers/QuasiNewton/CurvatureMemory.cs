using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>The last steps s and differences of gradients y: what L-BFGS knows of the inverse Hessian.</summary>
internal sealed class CurvatureMemory
{
    private readonly (double[] S, double[] Y)[] _pairs;
    private readonly double[] _curvatures;
    private readonly double[] _alphas;
    private int _next;

    public CurvatureMemory(int history, int length)
    {
        _pairs = [.. Enumerable.Range(0, history).Select(_ => (new double[length], new double[length]))];
        (_curvatures, _alphas) = (new double[history], new double[history]);
    }

    /// <summary>How many pairs are kept.</summary>
    public int Count { get; private set; }

    /// <summary>The place for the next pair: the oldest one's. It counts from <see cref="Keep"/> on.</summary>
    public (double[] S, double[] Y) Next()
    {
        // What stands there is about to be overwritten and so no longer counts.
        Count = Math.Min(Count, _pairs.Length - 1);
        return _pairs[_next];
    }

    /// <summary>Keeps the pair that was put at the next place.</summary>
    public void Keep(double curvature)
    {
        _curvatures[_next] = curvature;
        _next = (_next + 1) % _pairs.Length;
        Count++;
    }

    public void Clear() => Count = 0;

    /// <summary>−H · g by the two-loop recursion (Nocedal and Wright, 2006, algorithm 7.4), with H₀ = ⟨s, y⟩ / ⟨y, y⟩ of the last pair.</summary>
    public void Direction(ReadOnlySpan<double> gradient, Span<double> direction)
    {
        TensorPrimitives.Negate(gradient, direction);
        for (var age = 1; age <= Count; age++)
        {
            var k = At(age);
            _alphas[k] = TensorPrimitives.Dot<double>(_pairs[k].S, direction) / _curvatures[k];
            TensorPrimitives.MultiplyAdd(_pairs[k].Y, -_alphas[k], direction, direction);
        }
        if (Count > 0) TensorPrimitives.Multiply(direction, _curvatures[At(1)] / TensorPrimitives.SumOfSquares<double>(_pairs[At(1)].Y), direction);
        for (var age = Count; age >= 1; age--)
        {
            var k = At(age);
            var beta = TensorPrimitives.Dot<double>(_pairs[k].Y, direction) / _curvatures[k];
            TensorPrimitives.MultiplyAdd(_pairs[k].S, _alphas[k] - beta, direction, direction);
        }
    }

    private int At(int age) => (_next - age + _pairs.Length) % _pairs.Length;
}
