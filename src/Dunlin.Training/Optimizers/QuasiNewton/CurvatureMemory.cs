namespace Dunlin.Training;

/// <summary>The last steps s and differences of gradients y: what L-BFGS knows of the inverse Hessian.</summary>
/// <param name="space">Where they lie.</param>
/// <param name="history">How many pairs are kept.</param>
/// <param name="first">The number of the first of the 2 · history vectors that they take.</param>
internal sealed class CurvatureMemory(IVectorSpace space, int history, int first)
{
    private readonly double[] _curvatures = new double[history];
    private readonly double[] _squares = new double[history];
    private readonly double[] _alphas = new double[history];
    private int _next;

    /// <summary>How many pairs are kept.</summary>
    public int Count { get; private set; }

    /// <summary>The numbers of the vectors for the next pair: the oldest one's. It counts from <see cref="Keep"/> on.</summary>
    public (int S, int Y) Next()
    {
        // What stands there is about to be overwritten and so no longer counts.
        Count = Math.Min(Count, history - 1);
        return (S(_next), Y(_next));
    }

    /// <summary>Keeps the pair that was put at the next place.</summary>
    /// <param name="curvature">⟨s, y⟩.</param>
    /// <param name="square">⟨y, y⟩.</param>
    public void Keep(double curvature, double square)
    {
        (_curvatures[_next], _squares[_next]) = (curvature, square);
        _next = (_next + 1) % history;
        Count++;
    }

    public void Clear() => Count = 0;

    /// <summary>−H · g by the two-loop recursion (Nocedal and Wright, 2006, algorithm 7.4), with H₀ = ⟨s, y⟩ / ⟨y, y⟩ of the last pair.</summary>
    /// <param name="gradient">The number of g.</param>
    /// <param name="direction">The number of the vector that takes it.</param>
    public void Direction(int gradient, int direction)
    {
        space.Combine(direction, -1, gradient, 0, gradient);
        for (var age = 1; age <= Count; age++)
        {
            var k = At(age);
            _alphas[k] = space.Dot(S(k), direction) / _curvatures[k];
            space.Combine(direction, 1, direction, -_alphas[k], Y(k));
        }
        if (Count > 0) space.Combine(direction, _curvatures[At(1)] / _squares[At(1)], direction, 0, direction);
        for (var age = Count; age >= 1; age--)
        {
            var k = At(age);
            var beta = space.Dot(Y(k), direction) / _curvatures[k];
            space.Combine(direction, 1, direction, _alphas[k] - beta, S(k));
        }
    }

    private int At(int age) => (_next - age + history) % history;

    private int S(int pair) => first + 2 * pair;

    private int Y(int pair) => first + 2 * pair + 1;
}
