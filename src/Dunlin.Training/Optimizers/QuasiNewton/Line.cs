namespace Dunlin.Training;

/// <summary>A function along a line from the point reached so far: φ(α) = f(x + α · d).</summary>
internal sealed class Line
{
    /// <summary>The farthest that a bracket grows beyond the first step.</summary>
    private const double Farthest = 1e10;

    /// <summary>The number of the direction d.</summary>
    public const int Direction = 4;

    private readonly IVectorSpace _space;
    private readonly int _maxEvaluations;
    private int _trialGradient = 3;
    private double? _norm;
    private double _first;
    private double _most;
    private double _last;
    private Point _zero;
    private Point _accepted;

    /// <param name="space">Its vectors <see cref="LbfgsSearch.X"/>, <see cref="LbfgsSearch.Trial"/>, 2 and 3, two gradients, and <see cref="Direction"/> are used.</param>
    /// <param name="maxEvaluations">Of the function.</param>
    public Line(IVectorSpace space, int maxEvaluations) => (_space, _maxEvaluations) = (space, maxEvaluations);

    public int Evaluations { get; private set; }

    /// <summary>f at the point reached.</summary>
    public double Value { get; private set; }

    /// <summary>The number of the gradient there.</summary>
    public int Gradient { get; private set; } = 2;

    public double GradientNorm => _norm ??= Math.Sqrt(_space.Dot(Gradient, Gradient));

    /// <summary>Evaluates at the start.</summary>
    /// <returns>Whether all is finite there.</returns>
    public bool Start()
    {
        Evaluations++;
        _space.Copy(LbfgsSearch.Trial, LbfgsSearch.X);
        (Value, _norm) = (_space.Evaluate(Gradient), null);
        return double.IsFinite(Value) && double.IsFinite(GradientNorm);
    }

    /// <summary>Turns to the direction, and to the step to be tried first; none is longer than the most.</summary>
    public void Look(double first, double most = double.PositiveInfinity) => (_first, _most, _zero) = (first, most, new(0, Value, _space.Dot(Gradient, Direction)));

    /// <summary>Goes where a search has ended: writes the step and the change of the gradient.</summary>
    /// <param name="s">The number of the vector for the step.</param>
    /// <param name="y">The number of the vector for the change.</param>
    public void Step(int s, int y)
    {
        // The step as it was rounded: it is what the change of the gradient belongs to.
        _space.Combine(s, 1, LbfgsSearch.Trial, -1, LbfgsSearch.X);
        _space.Combine(y, 1, _trialGradient, -1, Gradient);
        _space.Copy(LbfgsSearch.X, LbfgsSearch.Trial);
        (Gradient, _trialGradient, Value, _norm) = (_trialGradient, Gradient, _accepted.Value, null);
    }

    /// <summary>Shorter and shorter steps until one brings enough: by the parabola through what is known, but to a tenth at the most.</summary>
    /// <returns>Whether one does.</returns>
    public bool Backtrack(LbfgsOptions options)
    {
        if (!(_zero.Slope < 0)) return false;
        for (var alpha = _first; alpha > double.Epsilon && Evaluations < _maxEvaluations;)
        {
            var point = Evaluate(alpha);
            if (Decreases(point, options)) return Accept(point);
            var lowest = -_zero.Slope * alpha * alpha / (2 * (point.Value - _zero.Value - _zero.Slope * alpha));
            alpha = double.IsFinite(lowest) ? Math.Clamp(lowest, 0.1 * alpha, 0.5 * alpha) : 0.1 * alpha;
            if (alpha * -_zero.Slope < 1e-18 * Math.Max(1, Math.Abs(_zero.Value))) return false;
        }
        return false;
    }

    /// <summary>Longer and longer steps until an interval must hold a good one, which is then searched (Nocedal and Wright, 2006, algorithm 3.5).</summary>
    /// <returns>Whether one was found.</returns>
    public bool StrongWolfe(LbfgsOptions options)
    {
        if (!(_zero.Slope < 0)) return false;
        var previous = _zero;
        for (var alpha = _first; alpha <= Farthest * _first && Evaluations < _maxEvaluations;)
        {
            var point = Evaluate(alpha);
            if (!point.IsFinite)
            {
                // Too far: what is not a number is no bound for interpolation.
                alpha = previous.Alpha + 0.1 * (alpha - previous.Alpha);
                if (alpha - previous.Alpha < 1e-16 * _first) return false;
                continue;
            }
            if (!Decreases(point, options) || (previous.Alpha > 0 && point.Value >= previous.Value)) return Zoom(previous, point, options);
            if (Math.Abs(point.Slope) <= -options.Curvature * _zero.Slope) return Accept(point);
            if (point.Slope >= 0) return Zoom(point, previous, options);
            // It goes down as far as one may go.
            if (point.Alpha >= _most) return Accept(point);
            var next = Cubic(previous, point);
            alpha = double.IsFinite(next) && next > point.Alpha ? Math.Clamp(next, 1.1 * point.Alpha, 10 * point.Alpha) : 2 * point.Alpha;
            alpha = Math.Min(alpha, _most);
            previous = point;
        }
        return false;
    }

    /// <summary>Narrows an interval whose lower end (in value) decreases enough (Nocedal and Wright, 2006, algorithm 3.6).</summary>
    private bool Zoom(Point low, Point high, LbfgsOptions options)
    {
        var width = double.PositiveInfinity;
        while (Evaluations < _maxEvaluations)
        {
            var (begin, end) = (Math.Min(low.Alpha, high.Alpha), Math.Max(low.Alpha, high.Alpha));
            if (end - begin <= 1e-15 * end) break;
            var alpha = Cubic(low, high);
            // Interpolation that does not narrow the interval well gives way to halving.
            var narrow = end - begin > 0.66 * width;
            var margin = 1e-3 * (end - begin);
            alpha = narrow || !double.IsFinite(alpha) ? (begin + end) / 2 : Math.Clamp(alpha, begin + margin, end - margin);
            width = narrow ? double.PositiveInfinity : end - begin;
            var point = Evaluate(alpha);
            if (!point.IsFinite || !Decreases(point, options) || point.Value >= low.Value)
            {
                high = point;
                continue;
            }
            if (Math.Abs(point.Slope) <= -options.Curvature * _zero.Slope) return Accept(point);
            if (point.Slope * (high.Alpha - low.Alpha) >= 0) high = low;
            low = point;
        }
        // Rounding may hide the slope that is looked for: a lower value is a step all the same.
        return low.Alpha > 0 && low.Value < _zero.Value && Decreases(low, options) && Accept(low);
    }

    /// <summary>Where the cubic through two points with their slopes is lowest (Nocedal and Wright, 2006, formula 3.59).</summary>
    private static double Cubic(Point a, Point b)
    {
        if (!b.IsFinite) return (a.Alpha + b.Alpha) / 2;
        var d = a.Slope + b.Slope - 3 * (a.Value - b.Value) / (a.Alpha - b.Alpha);
        var root = Math.Sqrt(d * d - a.Slope * b.Slope) * Math.Sign(b.Alpha - a.Alpha);
        return b.Alpha - (b.Alpha - a.Alpha) * (b.Slope + root - d) / (b.Slope - a.Slope + 2 * root);
    }

    private bool Decreases(Point point, LbfgsOptions options) => point.IsFinite && point.Value <= _zero.Value + options.SufficientDecrease * point.Alpha * _zero.Slope;

    private Point Evaluate(double alpha)
    {
        Evaluations++;
        _last = alpha;
        _space.Combine(LbfgsSearch.Trial, 1, LbfgsSearch.X, alpha, Direction);
        var value = _space.Evaluate(_trialGradient);
        return new(alpha, value, _space.Dot(_trialGradient, Direction));
    }

    private bool Accept(in Point point)
    {
        // The gradient at hand is that of the last evaluation, which need not be the accepted one.
        if (_last != point.Alpha) Evaluate(point.Alpha);
        _accepted = point;
        return true;
    }

    private readonly record struct Point(double Alpha, double Value, double Slope)
    {
        public bool IsFinite => double.IsFinite(Value) && double.IsFinite(Slope);
    }
}
