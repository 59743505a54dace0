using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.Regressions;

/// <summary>Where gradient descent ended, and after how many steps.</summary>
public sealed record Descent(double[] Coefficients, int Steps);

/// <summary>Gradient descent over a few coefficients in double precision, with all data in every step.</summary>
public static class GradientDescent
{
    /// <summary>Goes downhill until the gradient is practically zero.</summary>
    /// <param name="start">Where to start.</param>
    /// <param name="loss">From the coefficients [p] to a scalar.</param>
    /// <param name="optimizer">The rule; its rate must be constant.</param>
    /// <param name="tolerance">The length of the gradient that counts as zero.</param>
    /// <param name="maxSteps">When to give up.</param>
    /// <exception cref="DunlinException">It did not converge.</exception>
    public static Descent Minimize(double[] start, Func<Value, Value> loss, Optimizer optimizer, double tolerance = 1e-8, int maxSteps = 20_000)
    {
        var graph = new Graph();
        var w = graph.Variable("w", DType.Float64, [start.Length], Initializers.Zeros);
        var gradient = Gradients.Of(loss(w), w.Value)[0]!.Dense();
        var updates = optimizer.Build(graph, graph.Constant(0, DType.Int64), [new Parameter(w, gradient)]);

        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        session.Set(w, Tensor.From(start));
        var step = session.Compile([], [gradient.Square().Sum().Sqrt()], updates);
        var slope = Tensor.Zeros(DType.Float64, Shape.Scalar);
        for (var (steps, flat) = (1, 0); steps <= maxSteps; steps++)
        {
            step.Run([], [slope]);
            flat = slope.Item<double>() <= tolerance ? flat + 1 : 0;
            // Momentum may pass the bottom at speed, where the slope is zero once; flat twice in a row means at rest.
            if (flat == 2) return new(session.Storage(w).ToArray<double>(), steps);
        }
        throw new DunlinException($"Gradient descent had a slope of {slope.Item<double>():g3} after {maxSteps:N0} steps; scale the inputs or change the rate.");
    }
}
