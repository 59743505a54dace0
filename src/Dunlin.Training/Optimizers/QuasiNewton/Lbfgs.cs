using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// L-BFGS: Newton's method with the inverse Hessian guessed from the last few steps (Liu and Nocedal, 1989). It wants the whole data's value and
/// gradient, free of noise, and shines where a smooth function is to be minimised closely: regressions, small models, fine fits.
/// </summary>
public static class Lbfgs
{
    /// <summary>Minimises a function.</summary>
    /// <param name="objective">The function and its gradient.</param>
    /// <param name="x">Where to start; takes the point that was found.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <exception cref="DunlinException">The function or its gradient is not finite at the start.</exception>
    public static LbfgsResult Minimize(Objective objective, double[] x, LbfgsOptions? options = null)
    {
        options ??= new();
        var search = new LbfgsSearch(new ArraySpace(objective, x, LbfgsSearch.VectorsFor(options)), options);
        while (true)
        {
            if (search.Iterations == options.MaxIterations && search.GradientNorm > options.GradientTolerance) return End(LbfgsReason.MaxIterations);
            var before = search.Value;
            if (search.Step() is { } reason) return End(reason);
            var enough = options.ValueTolerance * Math.Max(1, Math.Abs(search.Value));
            if (enough > 0 && before - search.Value <= enough && search.GradientNorm > options.GradientTolerance) return End(LbfgsReason.ValueTolerance);
        }

        LbfgsResult End(LbfgsReason reason) => new(search.Value, search.GradientNorm, search.Iterations, search.Evaluations, reason);
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
