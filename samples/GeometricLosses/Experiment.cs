using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>Which higher-order loss is added to the cross-entropy.</summary>
public enum Penalty
{
    /// <summary>R with β = 0 along shifts to the right and down: half of it for each.</summary>
    Tangent,

    /// <summary>N, the gradient's norm.</summary>
    GradientNorm,
}

/// <summary>What a net made of the pictures that were held back.</summary>
/// <param name="Shifted">The share taken right after shifts of 0, 1, 2, … pixels, the mean over the four directions.</param>
/// <param name="Attacked">The share taken right after a step of each of <see cref="Experiment.Attacks"/> uphill in the loss.</param>
public sealed record Measured(IReadOnlyList<double> Shifted, IReadOnlyList<double> Attacked);

/// <summary>Trains perceptrons on few pictures with the loss J + μ · (R or N), and judges them by pictures that were changed.</summary>
public sealed class Experiment(Pictures train, Pictures test, Options options)
{
    /// <summary>The longest shift.</summary>
    public const int LongestShift = 3;

    /// <summary>Lengths of the steps along ∂l/∂x, in the units of a pixel's deviation.</summary>
    public static IReadOnlyList<double> Attacks { get; } = [0, 0.5, 1, 1.5, 2];

    /// <summary>The test pictures by the length of the shift, in all four directions.</summary>
    private readonly Pictures[][] _shifted =
    [
        [test],
        .. Enumerable.Range(1, LongestShift).Select(s => new[] { test.Shifted(s, 0), test.Shifted(-s, 0), test.Shifted(0, s), test.Shifted(0, -s) }),
    ];

    private readonly Tensor _rightwards = train.Tangents(isDown: false), _downwards = train.Tangents(isDown: true);

    /// <summary>Trains a net and judges it.</summary>
    /// <param name="penalty">What is added.</param>
    /// <param name="mu">Its weight; 0 is plain training.</param>
    /// <param name="seed">Chooses the first weights and the order.</param>
    public Measured Run(Penalty penalty, double mu, ulong seed)
    {
        var (size, rows) = (train.Side * train.Side, options.BatchSize);
        var graph = new Graph();
        var counter = graph.Variable("step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var net = Mlp.Create(graph, DType.Float32, size, options.Units, 10);
        var (pictures, labels) = (graph.Constant(train.Pixels), graph.Constant(train.Labels));
        var chosen = graph.Placeholder("chosen", DType.Int64, [rows]);
        var x = pictures.Gather(chosen);
        var y = net.Apply(x);
        var losses = y.SoftmaxCrossEntropy(labels.Gather(chosen));
        var loss = losses.Mean();
        if (mu != 0) loss += mu * (penalty == Penalty.GradientNorm ? HigherOrderLosses.GradientNorm(losses, x) : Along(_rightwards) + Along(_downwards));
        Value Along(Tensor tangents) => 0.5 * HigherOrderLosses.Tangent(y, x, graph.Constant(tangents).Gather(chosen));

        var steps = options.Epochs * (train.Count / rows);
        Variable[] trainable = [.. graph.Variables.Where(v => v.IsTrainable)];
        var optimizer = Optimizers.Adam(Schedules.Cosine(options.Rate, steps));
        var updates = optimizer.Build(graph, counter.Value, [.. trainable.Zip(Gradients.Of(loss.CheckFinite("the loss"), trainable), (v, g) => new Parameter(v, g!))]);

        var seen = graph.Placeholder("seen", DType.Float32, [test.Count, size]);
        var truth = graph.Placeholder("truth", DType.Int64, [test.Count]);
        var length = graph.Placeholder("length", DType.Float32, Shape.Scalar);
        var uphill = HigherOrderLosses.InputGradient(net.Apply(seen).SoftmaxCrossEntropy(truth), seen).L2Normalize([1]);
        var right = net.Apply(seen + length * uphill).ArgMax().EqualTo(truth).Cast(DType.Float32).Mean();

        using var session = new Session(graph, new SessionOptions { Seed = seed, Threads = 1 });
        using var step = session.Compile([chosen], [], [.. updates, counter.Assign(counter.Value + 1)]);
        using var judge = session.Compile([seen, truth, length], [right]);
        var order = new int[train.Count];
        var batch = Tensor.Zeros(DType.Int64, [rows]);
        for (var (i, at) = (0, train.Count); i < steps; i++, at += rows)
        {
            if (at + rows > train.Count)
            {
                Philox.Permutation(order, seed, (uint)i);
                at = 0;
            }
            for (var k = 0; k < rows; k++) batch.Span<long>()[k] = order[at + k];
            step.Run([batch], []);
        }

        double Judge(Pictures shown, double attack) => judge.Run(shown.Pixels, shown.Labels, Tensor.Scalar((float)attack))[0].Item<float>();
        return new([.. _shifted.Select(shift => shift.Average(shown => Judge(shown, 0)))], [.. Attacks.Select(attack => Judge(test, attack))]);
    }
}
