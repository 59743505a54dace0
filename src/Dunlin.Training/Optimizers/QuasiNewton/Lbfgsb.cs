using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>
/// L-BFGS within bounds (Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization", 1995): each iteration minimises a quadratic model within the box and searches the line to there, as far as the
/// box goes. It wants the function and its gradient free of noise.
/// </summary>
public static class Lbfgsb
{
    /// <summary>Minimises a function over a box.</summary>
    /// <param name="objective">The function and its gradient.</param>
    /// <param name="x">Where to start, moved into the box; takes the point that was found.</param>
    /// <param name="lower">The least of each element; −∞ for none.</param>
    /// <param name="upper">The most of each element, at least the least; ∞ for none.</param>
    /// <param name="options">Defaults unless given. The gradient's length is that of the step by which the box lets steepest descent move x; the line search is strong Wolfe.</param>
    /// <exception cref="DunlinException">The bounds are not as many as the elements, or a lower one is above its upper one, or the function or its gradient is not finite at the start.</exception>
    public static LbfgsResult Minimize(Objective objective, double[] x, double[] lower, double[] upper, LbfgsOptions? options = null)
    {
        options ??= new();
        if (lower.Length != x.Length || upper.Length != x.Length) throw new DunlinException($"L-BFGS-B takes a lower and an upper bound for each of {x.Length} elements; got {lower.Length} and {upper.Length}.");
        for (var i = 0; i < x.Length; i++)
        {
            if (!(lower[i] <= upper[i])) throw new DunlinException($"L-BFGS-B: the lower bound of element {i}, {lower[i]}, is above its upper bound, {upper[i]}.");
            x[i] = Math.Clamp(x[i], lower[i], upper[i]);
        }
        const int S = LbfgsSearch.LineVectors, Y = S + 1;
        var space = new ArraySpace(objective, x, Y + 1);
        var line = new Line(space, options.MaxEvaluations);
        if (!line.Start()) throw new DunlinException($"L-BFGS-B starts where the function is finite; it is {line.Value} at the given point, with a gradient of length {line.GradientNorm}.");
        var (model, hessian) = (new BoxModel(lower, upper), new CompactHessian(options.History, ScaleOf(space[line.Gradient], lower, upper)));
        var (target, direction, s, y) = (new double[x.Length], space[Line.Direction], space[S], space[Y]);
        for (var iterations = 0; ; iterations++)
        {
            var length = Projected(x, space[line.Gradient], lower, upper);
            if (length <= options.GradientTolerance) return End(LbfgsReason.GradientTolerance);
            if (iterations == options.MaxIterations) return End(LbfgsReason.MaxIterations);
            model.Minimize(hessian, x, space[line.Gradient], target);
            TensorPrimitives.Subtract(target, x, direction);
            var most = Room(x, direction, lower, upper);
            line.Look(Math.Min(1, most), most);
            var before = line.Value;
            if (!line.StrongWolfe(options))
            {
                if (line.Evaluations >= options.MaxEvaluations) return End(LbfgsReason.MaxEvaluations);
                if (hessian.IsEmpty) return End(LbfgsReason.LineSearchFailed);
                // A memory that has gone astray is forgotten before giving up.
                hessian.Reset(ScaleOf(space[line.Gradient], lower, upper));
                iterations--;
                continue;
            }
            line.Step(S, Y);
            for (var i = 0; i < x.Length; i++) x[i] = Math.Clamp(x[i], lower[i], upper[i]);
            var curvature = TensorPrimitives.Dot<double>(s, y);
            // Where the function curves downwards it can't be like the model: longer steps, by what the model knows best.
            if (curvature > 2.2e-16 * TensorPrimitives.SumOfSquares<double>(y)) hessian.Add(s, y, curvature);
            else hessian.Reset(hessian.Theta / 10);
            var enough = options.ValueTolerance * Math.Max(1, Math.Abs(line.Value));
            if (enough > 0 && before - line.Value <= enough)
            {
                iterations++;
                return End(LbfgsReason.ValueTolerance);
            }

            LbfgsResult End(LbfgsReason reason) => new(line.Value, Projected(x, space[line.Gradient], lower, upper), iterations, line.Evaluations, reason);
        }
    }

    /// <summary>‖P(x − g) − x‖, P being the nearest point of the box.</summary>
    private static double Projected(ReadOnlySpan<double> x, ReadOnlySpan<double> gradient, double[] lower, double[] upper)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var step = Math.Clamp(x[i] - gradient[i], lower[i], upper[i]) - x[i];
            sum += step * step;
        }
        return Math.Sqrt(sum);
    }

    /// <summary>How far along a direction the box goes.</summary>
    private static double Room(ReadOnlySpan<double> x, ReadOnlySpan<double> direction, double[] lower, double[] upper)
    {
        var most = double.PositiveInfinity;
        for (var i = 0; i < x.Length; i++)
            if (direction[i] != 0) most = Math.Min(most, ((direction[i] > 0 ? upper[i] : lower[i]) - x[i]) / direction[i]);
        return most;
    }

    /// <summary>The curvature with which steepest descent crosses the box once in one step; 1 where there is no box, as in the paper.</summary>
    private static double ScaleOf(ReadOnlySpan<double> gradient, double[] lower, double[] upper)
    {
        var scale = 0.0;
        for (var i = 0; i < gradient.Length; i++)
            if (upper[i] > lower[i]) scale = Math.Max(scale, Math.Abs(gradient[i]) / (upper[i] - lower[i]));
        return scale > 0 && double.IsFinite(scale) ? scale : 1;
    }
}
