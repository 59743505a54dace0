using System.Numerics.Tensors;
using Dunlin.Graphs;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Training;

/// <summary>
/// L-BFGS: Newton's method with the inverse Hessian guessed from the last few steps (Liu and Nocedal, 1989). It wants the whole data's value and
/// gradient, free of noise, and shines where a smooth function is to be minimised closely: regressions, small models, fine fits.
/// </summary>
public static class Lbfgs
{
    /// <summary>Below this part of ‖s‖ · ‖y‖ a pair with ⟨s, y⟩ says nothing about curvature.</summary>
    private const double LeastCurvature = 1e-10;

    /// <summary>Minimises a function.</summary>
    /// <param name="objective">The function and its gradient.</param>
    /// <param name="x">Where to start; takes the point that was found.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <exception cref="DunlinException">The function or its gradient is not finite at the start.</exception>
    public static LbfgsResult Minimize(Objective objective, double[] x, LbfgsOptions? options = null)
    {
        options ??= new();
        var line = new Line(objective, x, options.MaxEvaluations);
        if (!line.Start()) throw new DunlinException($"L-BFGS starts where the function is finite; it is {line.Value} at the given point, with a gradient of length {line.GradientNorm}.");
        var memory = new CurvatureMemory(options.History, x.Length);
        var direction = new double[x.Length];
        var iterations = 0;
        while (true)
        {
            if (line.GradientNorm <= options.GradientTolerance) return End(LbfgsReason.GradientTolerance);
            if (iterations == options.MaxIterations) return End(LbfgsReason.MaxIterations);
            memory.Direction(line.Gradient, direction);
            var before = line.Value;
            // The first step knows no scale: as long as the gradient, but at most of length 1.
            line.Look(direction, memory.Count == 0 ? Math.Min(1, 1 / line.GradientNorm) : 1);
            if (!(options.LineSearch == LineSearch.StrongWolfe ? line.StrongWolfe(options) : line.Backtrack(options)))
            {
                if (line.Evaluations >= options.MaxEvaluations) return End(LbfgsReason.MaxEvaluations);
                if (memory.Count == 0) return End(LbfgsReason.LineSearchFailed);
                // A memory that has gone astray is forgotten before giving up.
                memory.Clear();
                continue;
            }
            iterations++;
            var (s, y) = memory.Next();
            line.Step(s, y);
            var curvature = TensorPrimitives.Dot<double>(s, y);
            if (curvature > LeastCurvature * TensorPrimitives.Norm<double>(s) * TensorPrimitives.Norm<double>(y)) memory.Keep(curvature);
            var enough = options.ValueTolerance * Math.Max(1, Math.Abs(line.Value));
            if (enough > 0 && before - line.Value <= enough && line.GradientNorm > options.GradientTolerance) return End(LbfgsReason.ValueTolerance);
        }

        LbfgsResult End(LbfgsReason reason) => new(line.Value, line.GradientNorm, iterations, line.Evaluations, reason);
    }

    /// <summary>Minimises a loss of a graph over some variables, whose elements in the session become those that were found.</summary>
    /// <param name="session">Runs the graph.</param>
    /// <param name="loss">A scalar.</param>
    /// <param name="variables">What to change; of Float32 or Float64, the latter for close fits.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <param name="feeds">The whole data: what the loss needs, with the tensors.</param>
    /// <exception cref="DunlinException">The loss does not depend on a variable, or is not finite at the start.</exception>
    public static LbfgsResult Minimize(Session session, Value loss, IReadOnlyList<Variable> variables, LbfgsOptions? options = null, params IReadOnlyList<(Value Value, Tensor Tensor)> feeds)
    {
        using var objective = new GraphObjective(session, loss, variables, feeds);
        var x = objective.Start();
        var result = Minimize(objective.Evaluate, x, options);
        objective.Set(x);
        return result;
    }
}
