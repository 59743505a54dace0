using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Samples.GeometricLosses;
using Dunlin.Tensors;
using Dunlin.Testing;
using Dunlin.Training.Data;

namespace Dunlin.Samples.Tests;

public class GeometricLossesTests
{
    private const int Rows = 4;
    private static readonly int[] Widths = [5, 6, 4, 3];

    /// <summary>⟨L v, w⟩ = ⟨v, L* w⟩ for the derivatives with respect to the state and to each parameter, forward mode on the left and reverse mode on the right.</summary>
    [Fact]
    public void Forward_and_reverse_derivatives_are_adjoint()
    {
        var graph = new Graph();
        var net = Net(graph, 1);
        var x = Constant(graph, 2, Rows, Widths[0]);
        var y = net.Apply(x);
        var w = Constant(graph, 3, Rows, Widths[^1]);
        Value[] sources = [x, .. net.Parameters];
        Value[] directions = [.. sources.Select((source, i) => Constant(graph, 10 + (ulong)i, [.. source.Shape.Dimensions]))];
        var products = sources.Zip(directions, (source, v) => ((Gradients.Forward(y, source, v)! * w).Sum(), (v * Gradients.Of(y, w, [source])[0]!.Dense()).Sum())).ToList();
        using var session = new Session(graph);
        var results = session.Run([.. products.SelectMany(p => new[] { p.Item1, p.Item2 })]).Select(t => t.Item<double>()).ToArray();
        for (var i = 0; i < sources.Length; i++)
        {
            Assert.Equal(results[2 * i], results[2 * i + 1], 1e-12);
            Assert.True(Math.Abs(results[2 * i]) > 1e-3, sources[i].Name);
        }
    }

    [Fact]
    public void The_derivative_along_a_direction_is_that_of_central_differences()
    {
        const double Step = 1e-5;
        var graph = new Graph();
        var net = Net(graph, 1);
        var (x, v) = (Constant(graph, 2, Rows, Widths[0]), Constant(graph, 3, Rows, Widths[0]));
        var y = net.Apply(x);
        using var session = new Session(graph);
        var results = session.Run([Gradients.Forward(y, x, v)!, (net.Apply(x + Step * v) - net.Apply(x - Step * v)) / (2 * Step)]);
        Assert.Equal(results[0].ToArray<double>(), results[1].ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.True(results[0].ToArray<double>().Max(Math.Abs) > 0.1);
    }

    [Fact]
    public void Second_derivatives_are_symmetric()
    {
        var graph = new Graph();
        var net = Net(graph, 1);
        var loss = net.Apply(Constant(graph, 2, Rows, Widths[0])).Square().Sum();
        Value[] U(ulong seed) => [.. net.Parameters.Select((p, i) => Constant(graph, seed + (ulong)i, [.. p.Shape.Dimensions]))];
        var (u, v) = (U(20), U(40));
        Value Product(Value[] left, Value[] right) => left.Zip(Gradients.HessianProduct(loss, net.Parameters, right), (a, b) => (a * b).Sum()).Aggregate((a, b) => a + b);
        using var session = new Session(graph);
        var results = session.Run([Product(u, v), Product(v, u)]).Select(t => t.Item<double>()).ToArray();
        Assert.Equal(results[0], results[1], 1e-9 * Math.Abs(results[0]));
        Assert.True(Math.Abs(results[0]) > 1e-2);
    }

    /// <summary>Both losses and both forms of R, differentiated by the graph, against central differences.</summary>
    [Theory, InlineData("tangent"), InlineData("tangent in reverse"), InlineData("gradient's norm")]
    public void Gradients_of_higher_order_losses_are_those_of_finite_differences(string loss)
    {
        var graph = new Graph();
        Tensor[] parameters = [.. Net(graph, 1).Parameters.Select((p, i) => Draw(50 + (ulong)i, [.. p.Shape.Dimensions]))];
        GradientCheck.Assert((g, inputs) =>
        {
            var net = new Mlp([.. Enumerable.Range(0, 3).Select(i => new MlpLayer(inputs[2 * i], inputs[2 * i + 1], i == 2 ? Activation.Identity : Activation.Tanh))]);
            var (x, v, beta) = (Constant(g, 2, Rows, Widths[0]), Constant(g, 3, Rows, Widths[0]), Constant(g, 4, Rows, Widths[^1]));
            var y = net.Apply(x);
            return loss switch
            {
                "tangent" => HigherOrderLosses.Tangent(y, x, v, beta),
                "tangent in reverse" => HigherOrderLosses.TangentInReverse(y, x, v, beta),
                // A loss that bends, so that the last bias has a part in its gradient.
                _ => HigherOrderLosses.GradientNorm(y.Square().Sum([1]), x),
            };
        }, parameters);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void All_ways_to_the_gradients_agree(ulong seed)
    {
        foreach (var (ways, difference) in Agreement.Measure(seed).Concat(Agreement.Measure(seed, rows: 1, 6, 5, 4, 3, 2)))
            Assert.True(difference < 1e-12, $"{ways}: {difference}");
    }

    /// <summary>F(x) = W₂(W₁x + b₁) + b₂: the adjoint p stays 0, so that biases do not matter, and with e = W₂W₁v − β, ∂R/∂W₂ = e(W₁v)ᵀ and ∂R/∂W₁ = W₂ᵀe vᵀ.</summary>
    [Fact]
    public void Of_a_linear_net_the_recursion_is_the_closed_form()
    {
        var graph = new Graph();
        var (w1, w2) = (Constant(graph, 1, 4, 5), Constant(graph, 2, 3, 4));
        var net = new Mlp(new MlpLayer(w1, Constant(graph, 3, 4), Activation.Identity), new MlpLayer(w2, Constant(graph, 4, 3), Activation.Identity));
        var (x, v, beta) = (Constant(graph, 5, 1, 5), Constant(graph, 6, 1, 5), Constant(graph, 7, 1, 3));
        var up = v.MatMul(w1, transposeB: true);
        var e = up.MatMul(w2, transposeB: true) - beta;
        using var session = new Session(graph);
        var recursion = session.Run([.. TangentRecursion.Of(net, x, v, beta, rows: 1)]);
        var closed = session.Run([e.MatMul(w2).MatMul(v, transposeA: true), e.MatMul(up, transposeA: true)]);
        Assert.Equal(closed[0].ToArray<double>(), recursion[0].ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(closed[1].ToArray<double>(), recursion[2].ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.All(recursion[1].ToArray<double>().Concat(recursion[3].ToArray<double>()), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Pictures_move_and_their_tangents_say_how()
    {
        // A plane 3x + 5y: away from the edges a pixel changes by −3 for each pixel to the right, by −5 for each down.
        var pixels = Tensor.From([.. Enumerable.Range(0, 36).Select(i => 3f * (i % 6) + 5f * (i / 6))], [1, 36]);
        var plane = new Pictures(pixels, Tensor.From([0L]), 6);
        float At(Tensor t, int x, int y) => t.Span<float>()[6 * y + x];
        Assert.Equal((At(pixels, 1, 3), At(pixels, 0, 2)), (At(plane.Shifted(2, 0).Pixels, 3, 3), At(plane.Shifted(1, 2).Pixels, 0, 4)));
        Assert.Equal((-3f, -5f), (At(plane.Tangents(isDown: false), 2, 3), At(plane.Tangents(isDown: true), 2, 3)));
        Assert.Equal(At(plane.Shifted(1, 0).Pixels, 2, 3) - At(pixels, 2, 3), At(plane.Tangents(isDown: false), 2, 3));
    }

    /// <summary>What the losses are for: a net with R changes less along shifts than one without, one with N is harder to fool.</summary>
    [Fact]
    public void Nets_learn_what_the_losses_ask_for()
    {
        var options = new Options { Train = 300, Test = 300, Epochs = 30, Units = 32, BatchSize = 20 };
        var data = GeneratedDigits.Create(options.Train, options.Test, seed: 3);
        var experiment = new Experiment(Pictures.Of(data.Train, options.Train), Pictures.Of(data.Test, options.Test), options);
        var (plain, tangent, norm) = (experiment.Run(Penalty.Tangent, 0, 1), experiment.Run(Penalty.Tangent, 0.3, 1), experiment.Run(Penalty.GradientNorm, 1, 1));
        Assert.True(tangent.Shifted[2] > plain.Shifted[2], $"{string.Join(' ', plain.Shifted)} against {string.Join(' ', tangent.Shifted)}");
        Assert.True(norm.Attacked[3] > plain.Attacked[3], $"{string.Join(' ', plain.Attacked)} against {string.Join(' ', norm.Attacked)}");
        Assert.Equal(plain.Shifted[0], plain.Attacked[0]);
    }

    [Fact]
    public void An_unknown_option_is_named() =>
        Assert.Contains("--mu", Assert.Throws<ArgumentException>(() => Options.Parse(["--mu", "3"])).Message, StringComparison.Ordinal);

    private static Mlp Net(Graph graph, ulong seed) => new(
    [
        .. Enumerable.Range(0, Widths.Length - 1).Select(i => new MlpLayer(
            Constant(graph, seed + 100 + (ulong)i, Widths[i + 1], Widths[i]), Constant(graph, seed + 200 + (ulong)i, Widths[i + 1]), i == Widths.Length - 2 ? Activation.Identity : Activation.Tanh)),
    ]);

    private static Value Constant(Graph graph, ulong seed, params int[] dimensions) => graph.Constant(Draw(seed, dimensions));

    private static Tensor Draw(ulong seed, params int[] dimensions)
    {
        var tensor = Tensor.Zeros(DType.Float64, Shape.Of(dimensions));
        Philox.FillNormal(tensor.Span<double>(), new PhiloxKey(seed), deviation: 0.6);
        return tensor;
    }
}
