using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Testing;

/// <summary>Compares gradients with central finite differences: the check for a new operation's gradient rule.</summary>
public static class GradientCheck
{
    /// <summary>How a check is made.</summary>
    public sealed record Options
    {
        /// <summary>The distance over which differences are taken.</summary>
        /// <value>Greater than 0; 10⁻⁵ unless set, near the best for functions of order 1 in Float64.</value>
        public double Delta { get; init => field = Require.Above(nameof(GradientCheck), value, 0); } = 1e-5;

        /// <summary>How far the two may be apart, relative to the larger of 1 and their magnitude.</summary>
        /// <value>Greater than 0; 10⁻⁶ unless set.</value>
        public double Tolerance { get; init => field = Require.Above(nameof(GradientCheck), value, 0); } = 1e-6;

        /// <summary>Whether to check the gradients' own gradients as well.</summary>
        public bool SecondOrder { get; init; }

        /// <summary>Where heavy kernels come from.</summary>
        /// <value>The managed set unless set.</value>
        public IKernelSet Kernels { get; init; } = KernelSets.Managed;
    }

    /// <summary>Checks the gradients of a function with respect to its Float64 inputs; other inputs are passed on as they are.</summary>
    /// <param name="function">Computes a value of any shape; it is contracted with fixed random numbers to give a scalar.</param>
    /// <param name="inputs">Where to take the gradients. Keep away from kinks: differences across one mean nothing.</param>
    /// <exception cref="DunlinException">A gradient is wrong; the message names the worst element and both numbers.</exception>
    public static void Assert(Func<Graph, IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Assert(function, new Options(), inputs);

    /// <inheritdoc cref="Assert(Func{Graph, IReadOnlyList{Value}, Value}, Tensor[])"/>
    /// <param name="function">Computes a value of any shape; it is contracted with fixed random numbers to give a scalar.</param>
    /// <param name="options">How to check.</param>
    /// <param name="inputs">Where to take the gradients.</param>
    public static void Assert(Func<Graph, IReadOnlyList<Value>, Value> function, Options options, params Tensor[] inputs)
    {
        var graph = new Graph();
        Value[] xs = [.. inputs.Select((x, i) => graph.Placeholder($"input {i}", x.Type, x.Shape))];
        Value[] smooth = [.. xs.Where(x => x.Type == DType.Float64)];
        if (smooth.Length == 0) throw new DunlinException("A gradient check needs at least one Float64 input.");
        var total = Contract(function(graph, xs), stream: 0);
        var gradients = Gradients.Of(total, smooth);
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = options.Kernels });
        Compare(session, total, xs, smooth, gradients, inputs, options, "gradient");
        if (!options.SecondOrder) return;
        Value[] first = [.. gradients.OfType<Gradient>().Select((g, i) => Contract(g.Dense(), stream: (uint)i + 1))];
        if (first.Length == 0) return;
        var slope = first.Aggregate((a, b) => a + b);
        Compare(session, slope, xs, smooth, Gradients.Of(slope, smooth), inputs, options, "second derivative");
    }

    /// <summary>Σ y · r with fixed random r in (½, 1½), so that no element's error can cancel or vanish.</summary>
    private static Value Contract(Value y, uint stream)
    {
        if (y.Type != DType.Float64) throw new DunlinException($"A gradient check needs a Float64 result; the function returned {y}.");
        if (!y.Shape.IsKnown) throw new DunlinException($"A gradient check needs a result of known shape; the function returned {y}.");
        var weights = Tensor.Uninitialized(DType.Float64, y.Shape);
        Philox.FillUniform(weights.Span<double>(), new PhiloxKey(0, PhiloxKey.StreamOf("gradient check"), stream));
        foreach (ref var weight in weights.Span<double>()) weight += 0.5;
        return (y * y.Graph.Constant(weights)).Sum();
    }

    private static void Compare(Session session, Value total, Value[] xs, Value[] smooth, IReadOnlyList<Gradient?> gradients, Tensor[] inputs, Options options, string what)
    {
        var value = session.Compile(xs, [total]);
        // A gradient that is absent says that the function does not depend on that input: the differences must agree.
        var computed = session.Compile(xs, [.. smooth.Select((x, i) => gradients[i]?.Dense() ?? x.ZerosLike())]).Run(inputs);
        Tensor[] moved = [.. inputs.Select(i => i.Clone())];
        var (worst, message) = (0.0, "");
        for (var s = 0; s < smooth.Length; s++)
        {
            var input = Array.IndexOf(xs, smooth[s]);
            if (computed[s].Shape != inputs[input].Shape) throw new DunlinException($"The {what} of input {input} has the shape {computed[s].Shape}; the input has {inputs[input].Shape}.");
            for (var i = 0; i < inputs[input].ElementCount; i++)
            {
                var expected = Difference(value, moved, moved[input].Span<double>(), i, options.Delta);
                var actual = computed[s].Span<double>()[i];
                var error = Math.Abs(actual - expected) / Math.Max(1, Math.Max(Math.Abs(actual), Math.Abs(expected)));
                if (error <= worst && !double.IsNaN(error)) continue;
                worst = double.IsNaN(error) ? double.PositiveInfinity : error;
                message = $"The {what} of input {input} {inputs[input]} at element {i} is {actual:G10}, but differences give {expected:G10}: "
                    + $"they are {worst:G3} apart where {options.Tolerance:G3} is tolerated.";
            }
        }
        if (worst > options.Tolerance) throw new DunlinException(message);
    }

    private static double Difference(Step value, Tensor[] inputs, Span<double> elements, int i, double delta)
    {
        var original = elements[i];
        elements[i] = original + delta;
        var above = value.Run(inputs)[0].Item<double>();
        elements[i] = original - delta;
        var below = value.Run(inputs)[0].Item<double>();
        elements[i] = original;
        return (above - below) / (2 * delta);
    }
}
