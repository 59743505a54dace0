namespace Dunlin.Training;

/// <summary>
/// L-BFGS step by step (Liu and Nocedal, 1989), over vectors wherever they lie. They are numbered: <see cref="X"/>, where it is; <see cref="Trial"/>, where the function is evaluated; and others that are the search's own.
/// </summary>
public sealed class LbfgsSearch
{
    /// <summary>The vector that is the point reached: where to start, at first.</summary>
    public const int X = 0;

    /// <summary>The vector at which the function is evaluated. After each step it is the point reached.</summary>
    public const int Trial = 1;

    /// <summary>Vectors of a <see cref="Line"/>; the memory's follow.</summary>
    internal const int LineVectors = 5;

    /// <summary>Below this part of ‖s‖ · ‖y‖ a pair with ⟨s, y⟩ says nothing about curvature.</summary>
    private const double LeastCurvature = 1e-10;

    private readonly IVectorSpace _space;
    private readonly LbfgsOptions _options;
    private readonly Line _line;
    private readonly CurvatureMemory _memory;

    /// <summary>Evaluates at the start.</summary>
    /// <param name="space">Where the vectors lie: as many as <see cref="VectorsFor"/> says, of which <see cref="X"/> is where to start.</param>
    /// <param name="options">When a step is good, and how many are remembered; when to end is for the caller to say.</param>
    /// <exception cref="DunlinException">The function or its gradient is not finite at the start.</exception>
    public LbfgsSearch(IVectorSpace space, LbfgsOptions options)
    {
        (_space, _options, _line, _memory) = (space, options, new(space, options.MaxEvaluations), new(space, options.History, LineVectors));
        if (!_line.Start()) throw new DunlinException($"L-BFGS starts where the function is finite; it is {_line.Value} at the given point, with a gradient of length {_line.GradientNorm}.");
    }

    /// <summary>The function at <see cref="X"/>.</summary>
    public double Value => _line.Value;

    /// <summary>The Euclidean length of its gradient there.</summary>
    public double GradientNorm => _line.GradientNorm;

    /// <summary>Steps taken.</summary>
    public int Iterations { get; private set; }

    /// <summary>Evaluations of the function and its gradient.</summary>
    public int Evaluations => _line.Evaluations;

    /// <summary>How many vectors a search takes.</summary>
    public static int VectorsFor(LbfgsOptions options) => LineVectors + 2 * options.History;

    /// <summary>Takes a step.</summary>
    /// <returns>Null where it did; else why there is none, and <see cref="X"/> is where it was.</returns>
    public LbfgsReason? Step()
    {
        while (true)
        {
            if (_line.GradientNorm <= _options.GradientTolerance) return LbfgsReason.GradientTolerance;
            _memory.Direction(_line.Gradient, Line.Direction);
            // The first step knows no scale: as long as the gradient, but at most of length 1.
            _line.Look(_memory.Count == 0 ? Math.Min(1, 1 / _line.GradientNorm) : 1);
            if (_options.LineSearch == LineSearch.StrongWolfe ? _line.StrongWolfe(_options) : _line.Backtrack(_options)) break;
            var isLast = _line.Evaluations >= _options.MaxEvaluations;
            if (isLast || _memory.Count == 0)
            {
                _space.Copy(Trial, X);
                return isLast ? LbfgsReason.MaxEvaluations : LbfgsReason.LineSearchFailed;
            }
            // A memory that has gone astray is forgotten before giving up.
            _memory.Clear();
        }
        Iterations++;
        var (s, y) = _memory.Next();
        _line.Step(s, y);
        Span<double> products = stackalloc double[3];
        _space.Dots([(s, y), (s, s), (y, y)], products);
        if (products[0] > LeastCurvature * Math.Sqrt(products[1]) * Math.Sqrt(products[2])) _memory.Keep(products[0], products[2]);
        return null;
    }
}
