using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.LazyTraining;

/// <summary>How long is trained.</summary>
/// <param name="BatchSize">Fresh examples in each step.</param>
/// <param name="Effort">Multiplies the number of steps; with 1 the dots lie about 0.01 above the least risk.</param>
/// <param name="Seed">Chooses the examples.</param>
/// <param name="Threads">Threads of the kernels.</param>
public sealed record DescentOptions(int BatchSize = 100, double Effort = 1, ulong Seed = 1, int Threads = 1);

/// <summary>Where stochastic gradient descent ended.</summary>
/// <param name="Risk">The risk over all x, computed from the weights, as a share of that of the best constant.</param>
/// <param name="Steps">How many steps it took.</param>
public sealed record Dot(double Risk, int Steps);

/// <summary>
/// Trains a net of one regime by stochastic gradient descent on examples of which none is seen twice: each step draws its batch within the
/// graph. The loss is the mean squared error; the rate falls along half a cosine.
/// </summary>
/// <remarks>
/// c is always at its best, −Σᵢ aᵢ‖wᵢ‖², by taking each feature's mean off. The size of a rate is limited by the noise of a batch of n examples:
/// with features φ, steps converge while rate · (λ + tr/n) is small against 1, where λ is the largest eigenvalue of E φφᵀ and tr its trace.
/// Neural tangents are trained in an orthonormal basis of the first weights: the same functions, but well conditioned where N is near d.
/// </remarks>
public static class StochasticDescent
{
    /// <summary>Trains.</summary>
    /// <param name="model">The data.</param>
    /// <param name="regime">What is trained.</param>
    /// <param name="weights">The first weights [N, d], Float64.</param>
    /// <param name="options">How long.</param>
    public static Dot Run(DataModel model, Regime regime, Tensor weights, DescentOptions options)
    {
        var graph = new Graph();
        var counter = graph.Variable("step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var (x, y) = Draw(model, counter.Value, options);
        var net = regime switch
        {
            Regime.RandomFeatures => Features(graph, model, weights, x, options),
            Regime.NeuralTangent => Tangents(graph, model, weights, x, options),
            _ => Everything(graph, model, weights, x, options),
        };
        var steps = (int)Math.Ceiling(net.Steps * options.Effort);
        var trainable = graph.Variables.Where(v => v.IsTrainable).ToList();
        var gradients = Gradients.Of(Losses.Squared(net.Prediction, y).CheckFinite("the loss"), trainable);
        var optimizer = Optimizers.Sgd(Schedules.Cosine(net.Rate, steps, net.Rate / 100));
        var updates = optimizer.Build(graph, counter.Value, [.. trainable.Zip(gradients, (v, g) => new Parameter(v, g!))]);

        using var session = new Session(graph, new SessionOptions { Seed = options.Seed, Threads = options.Threads });
        foreach (var (variable, tensor) in net.Start) session.Set(variable, tensor);
        using var step = session.Compile([], [], [.. updates, counter.Assign(counter.Value + 1)]);
        for (var i = 0; i < steps; i++) step.Run([], []);
        var a = session.Run(net.Matrix).ToArray<double>();
        var matrix = new double[model.Size, model.Size];
        for (var i = 0; i < model.Size; i++)
            for (var j = 0; j < model.Size; j++) matrix[i, j] = (a[i * model.Size + j] + a[j * model.Size + i]) / 2;
        return new(model.Risk(matrix), steps);
    }

    /// <summary>What is trained, and how.</summary>
    /// <param name="Prediction">f(x) for each row of x, [n].</param>
    /// <param name="Matrix">A, Float64 [d, d], not necessarily symmetric.</param>
    /// <param name="Rate">The first rate.</param>
    /// <param name="Steps">How many steps it takes.</param>
    /// <param name="Start">Where variables start, unless at their initializers.</param>
    private sealed record Net(Value Prediction, Value Matrix, double Rate, double Steps, params (Variable Variable, Tensor Tensor)[] Start);

    private static (Value X, Value Y) Draw(DataModel model, Value counter, DescentOptions options)
    {
        var spectrum = counter.Graph.Constant(Single(model.Spectrum));
        var x = Operations.RandomNormal(counter, [options.BatchSize, model.Size], options.Seed, PhiloxKey.StreamOf("x"));
        if (model is QuadraticFunction) return (x, ((x.Square() - 1) * spectrum).Sum([1]));
        // Each component's x are whitened: diag(√(1 ± δ)) z.
        var coin = Operations.RandomUniform(counter, [options.BatchSize, 1], options.Seed, PhiloxKey.StreamOf("y"), -1, 1).Sign();
        return (x * (1 + coin * spectrum).Sqrt(), coin.Flatten(0));
    }

    /// <summary>Σᵢ aᵢ(⟨wᵢ, x⟩² − ‖wᵢ‖²) with a from 0.</summary>
    private static Net Features(Graph graph, DataModel model, Tensor weights, Value x, DescentOptions options)
    {
        var (neurons, size) = (weights.Shape[0], model.Size);
        var w = graph.Constant(Single(weights.ToArray<double>(), neurons, size));
        var a = graph.Variable("a", DType.Float32, [neurons, 1], Initializers.Zeros);
        var prediction = (x.MatMul(w, transposeB: true).Square() - w.Square().Sum([1])).MatMul(a.Value).Flatten(0);
        // E φφᵀ = 2⟨wᵢ, wⱼ⟩²: 2 on the diagonal, 2/d off it.
        var curvature = 2 * (1 + (double)neurons / size) + 2.0 * neurons / options.BatchSize;
        return new(prediction, OfNeurons(graph.Constant(weights), a.Value), 0.25 / curvature, 200 * curvature);
    }

    /// <summary>Σᵢ⟨sᵢ, x⟩⟨qᵢ, x⟩ − ⟨sᵢ, qᵢ⟩ with s from 0 and q an orthonormal basis of the span of the wᵢ. The aᵢ's part is among these functions.</summary>
    private static Net Tangents(Graph graph, DataModel model, Tensor weights, Value x, DescentOptions options)
    {
        var basis = ExactRisk.Basis(weights);
        var (size, rank) = (model.Size, basis.Shape[1]);
        var q = graph.Constant(Single(basis.ToArray<double>(), size, rank));
        var s = graph.Variable("s", DType.Float32, [size, rank], Initializers.Zeros);
        var prediction = (x.MatMul(q) * x.MatMul(s.Value)).Sum([1]) - (q * s.Value).Sum();
        // E φφᵀ has eigenvalues 0, 1 and 2, and the trace d · rank + rank.
        var curvature = 2 + (size + 1.0) * rank / options.BatchSize;
        return new(prediction, s.Value.Cast(DType.Float64).MatMul(graph.Constant(basis), transposeB: true), 0.25 / curvature, 100 * curvature);
    }

    /// <summary>Σᵢ aᵢ(⟨wᵢ, x⟩² − ‖wᵢ‖²) with a from 1 and w from the given weights, made smaller so that the net's mean is about that of the best one.</summary>
    private static Net Everything(Graph graph, DataModel model, Tensor weights, Value x, DescentOptions options)
    {
        var (neurons, size) = (weights.Shape[0], model.Size);
        var trace = model.TraceOfBest;
        var a = graph.Variable("a", DType.Float32, [neurons, 1], Initializers.Ones);
        var w = graph.Variable("w", DType.Float32, [neurons, size], Initializers.Zeros);
        var prediction = (x.MatMul(w.Value, transposeB: true).Square() - w.Value.Square().Sum([1])).MatMul(a.Value).Flatten(0);
        var scale = Math.Sqrt(trace / neurons);
        var start = Single([.. weights.ToArray<double>().Select(v => v * scale)], neurons, size);
        // ∂f/∂wᵢ = 2aᵢ(⟨wᵢ, x⟩x − wᵢ): the trace of its covariance is 4d · tr A, its largest eigenvalue 8 times that of A.
        var curvature = 8 * model.Spectrum.Max() + 4 * trace * size / options.BatchSize;
        // A direction is learnt at a speed of 8 times its eigenvalue of A: these steps are enough for the mean eigenvalue, and what smaller ones leave hardly counts.
        return new(prediction, OfNeurons(w.Value.Cast(DType.Float64), a.Value), 0.25 / curvature, 50 * curvature / (8 * trace / size), (w, start));
    }

    /// <summary>A = Σᵢ aᵢwᵢwᵢᵀ.</summary>
    private static Value OfNeurons(Value w, Value a) => w.MatMul(w * a.Cast(DType.Float64), transposeA: true);

    private static Tensor Single(double[] numbers, params int[] dimensions) =>
        Tensor.From(numbers.Select(v => (float)v).ToArray(), dimensions.Length == 0 ? [numbers.Length] : Shape.Of(dimensions));
}
