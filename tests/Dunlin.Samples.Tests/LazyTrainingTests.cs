using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Samples.LazyTraining;
using Dunlin.Tensors;

namespace Dunlin.Samples.Tests;

public class LazyTrainingTests
{
    private static readonly double[] Positive = [0.9, 0.5, 0.3, 0.25, 0.1, 0.05], Signed = [0.8, -0.6, 0.4, 0.2, -0.15, 0.1];

    private static DataModel Model(bool isMixture, params double[] spectrum) => isMixture ? new GaussianMixture(spectrum) : new QuadraticFunction(spectrum);

    /// <summary>Nothing is shared with the formulas: features of 100,000 examples, a constant among them, and the mean squared residual of their least squares.</summary>
    [Theory]
    [InlineData(Regime.RandomFeatures, false, false)]
    [InlineData(Regime.RandomFeatures, false, true)]
    [InlineData(Regime.RandomFeatures, true, true)]
    [InlineData(Regime.NeuralTangent, false, false)]
    [InlineData(Regime.NeuralTangent, false, true)]
    [InlineData(Regime.NeuralTangent, true, true)]
    public void Exact_risks_are_those_of_least_squares_on_a_large_sample(Regime regime, bool isMixture, bool isSigned)
    {
        const int Count = 100_000;
        var model = Model(isMixture, isSigned ? Signed : Positive);
        var weights = LazyTrainingRun.Weights(3, model.Size, seed: 5);
        var (x, y) = Sample(model, Count);
        var graph = new Graph();
        var (inputs, targets) = (graph.Constant(x), graph.Constant(y));
        var hidden = inputs.MatMul(graph.Constant(weights), transposeB: true);
        var features = regime == Regime.RandomFeatures ? hidden.Square() : (hidden.ExpandDims(2) * inputs.ExpandDims(1)).Reshape([Count, 3 * model.Size]);
        features = Operations.Concat([features, graph.Constant(1, DType.Float64).BroadcastTo([Count, 1])], 1);
        var coefficients = features.MatMul(features, transposeA: true).PseudoInverse().MatMul(features.MatMul(targets, transposeA: true));
        var errors = (features.MatMul(coefficients) - targets).Square().Flatten(0);
        using var session = new Session(graph);
        var squares = session.Run(errors).ToArray<double>();
        var risk = squares.Average();
        var standardError = Math.Sqrt(squares.Average(s => (s - risk) * (s - risk)) / Count);
        var ofConstant = isMixture ? 1 : 2 * model.SquaredNorm;
        var exact = ofConstant * ExactRisk.Of(model, regime, weights);
        Assert.True(standardError < 0.03 * ofConstant && Math.Abs(exact - risk) < 3 * standardError, $"{exact} against {risk} ± {standardError}");
    }

    /// <summary>The formula for a given A, against the same sample.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void The_risk_of_a_matrix_is_the_mean_squared_error(bool isMixture)
    {
        var model = Model(isMixture, Signed);
        var (x, y) = Sample(model, 100_000);
        var (inputs, targets) = (x.ToArray<double>(), y.ToArray<double>());
        var random = new double[36];
        Philox.FillNormal(random, new PhiloxKey(3), deviation: 0.1);
        var a = new double[6, 6];
        for (var i = 0; i < 6; i++)
            for (var j = 0; j <= i; j++) a[i, j] = a[j, i] = random[6 * i + j] + (i == j ? 0.3 * model.Spectrum[i] : 0);
        var errors = new double[targets.Length];
        for (var n = 0; n < errors.Length; n++)
        {
            errors[n] = targets[n];
            for (var i = 0; i < 6; i++)
                for (var j = 0; j < 6; j++) errors[n] -= a[i, j] * (inputs[6 * n + i] * inputs[6 * n + j] - (i == j ? 1 : 0));
        }
        var risk = errors.Average(e => e * e);
        var standardError = Math.Sqrt(errors.Average(e => Math.Pow(e * e - risk, 2)) / errors.Length);
        Assert.InRange((isMixture ? 1 : 2 * model.SquaredNorm) * model.Risk(a), risk - 3 * standardError, risk + 3 * standardError);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void With_as_many_neurons_as_dimensions_tangents_reach_everything_that_a_quadratic_function_can(bool isMixture)
    {
        var model = Model(isMixture, Signed);
        var best = isMixture ? 1 / (1 + Signed.Sum(m => m * m / (1 + m * m)) / 2) : 0;
        foreach (var neurons in new[] { 6, 7, 12 })
        {
            Assert.Equal(best, ExactRisk.Of(model, Regime.NeuralTangent, LazyTrainingRun.Weights(neurons, 6, 1)), 1e-12);
            Assert.Equal(best, ExactRisk.Of(model, Regime.FullTraining, LazyTrainingRun.Weights(neurons, 6, 1)), 1e-12);
        }
        // Random features need as many neurons as there are symmetric matrices.
        Assert.True(ExactRisk.Of(model, Regime.RandomFeatures, LazyTrainingRun.Weights(20, 6, 1)) > best + 1e-4);
        Assert.Equal(best, ExactRisk.Of(model, Regime.RandomFeatures, LazyTrainingRun.Weights(21, 6, 1)), 1e-8);
        Assert.Equal(best, ExactRisk.Of(model, Regime.RandomFeatures, LazyTrainingRun.Weights(25, 6, 1)), 1e-8);
    }

    [Fact]
    public void Full_training_needs_as_many_neurons_as_the_rank()
    {
        var model = new QuadraticFunction([0, 0.4, 0, -0.3, 0, 0]);
        Assert.Equal(0.09 / 0.25, ExactRisk.Of(model, Regime.FullTraining, LazyTrainingRun.Weights(1, 6, 1)), 1e-12);
        Assert.Equal(0, ExactRisk.Of(model, Regime.FullTraining, LazyTrainingRun.Weights(2, 6, 1)), 1e-12);
    }

    [Fact]
    public void What_trains_more_has_less_risk_and_more_neurons_never_hurt()
    {
        for (ulong seed = 0; seed < 10; seed++)
            foreach (var model in new DataModel[] { new QuadraticFunction(Positive), new QuadraticFunction(Signed), new GaussianMixture(Positive), new GaussianMixture(Signed) })
            {
                double[] before = [1, 1, 1];
                for (var neurons = 1; neurons <= 8; neurons++)
                {
                    double[] risks = [.. Enum.GetValues<Regime>().Select(regime => ExactRisk.Of(model, regime, LazyTrainingRun.Weights(neurons, 6, seed)))];
                    Assert.True(risks[1] <= risks[0] + 1e-10);
                    // By the interlacing of eigenvalues, where none is negative.
                    if (model is QuadraticFunction && model.Spectrum == Positive) Assert.True(risks[2] <= risks[1] + 1e-10);
                    Assert.All(risks.Zip(before), p => Assert.InRange(p.First, -1e-10, p.Second + 1e-10));
                    before = risks;
                }
            }
    }

    /// <summary>With eigenvalues of both signs, one tangent can beat one neuron: along (1, ±1), it has all of diag(1, −1).</summary>
    [Theory, InlineData(1), InlineData(-1)]
    public void A_tangent_may_do_more_than_a_neuron_for_an_indefinite_function(double second)
    {
        var (model, weights) = (new QuadraticFunction([1, -1]), Tensor.From([1.0, second], [1, 2]));
        Assert.Equal(0, ExactRisk.Of(model, Regime.NeuralTangent, weights), 1e-12);
        Assert.Equal(0.5, ExactRisk.Of(model, Regime.FullTraining, weights), 1e-12);
    }

    [Theory]
    [InlineData(0.1, 0.955, 0.855, 0.405)]
    [InlineData(0.2, 0.917, 0.720, 0.219)]
    [InlineData(1 / 3.0, 0.875, 0.556, 0.099)]
    [InlineData(0.5, 0.833, 0.375, 0.033)]
    [InlineData(2 / 3.0, 0.800, 0.222, 0.008)]
    [InlineData(8 / 9.0, 0.765, 0.062, 0.0002)]
    [InlineData(1, 0.75, 0, 0)]
    [InlineData(2, 0.667, 0, 0)]
    public void Published_limits_are_reproduced(double rho, double features, double tangents, double everything)
    {
        Assert.Equal([features, tangents, everything], Enum.GetValues<Regime>().Select(regime => Limits.Published(regime, rho)), (a, b) => Math.Abs(a - b) < 6e-4);
    }

    /// <summary>The mean of four draws of first weights: one by itself is up to 0.006 off.</summary>
    [Theory]
    [InlineData(90)]
    [InlineData(225)]
    [InlineData(400)]
    public void At_the_size_of_the_figure_the_limits_are_near(int neurons)
    {
        var spectrum = DataModel.ExponentialSpectrum(450, seed: 1);
        Tensor[] draws = [.. new ulong[] { 1, 2, 3, 4 }.Select(seed => LazyTrainingRun.Weights(neurons, 450, seed))];
        double Distance(DataModel model, Regime regime) => draws.Average(weights => ExactRisk.Of(model, regime, weights)) - Limits.Risk(model, regime, neurons);
        foreach (var regime in Enum.GetValues<Regime>()) Assert.InRange(Distance(new QuadraticFunction(spectrum), regime), -0.005, 0.005);
        Assert.InRange(Distance(new GaussianMixture(spectrum), Regime.RandomFeatures), -0.005, 0.005);
    }

    /// <summary>Descent stays above the least risk that its regime allows, and comes near it.</summary>
    [Theory]
    [InlineData(Regime.RandomFeatures, false)]
    [InlineData(Regime.NeuralTangent, false)]
    [InlineData(Regime.FullTraining, false)]
    [InlineData(Regime.RandomFeatures, true)]
    [InlineData(Regime.NeuralTangent, true)]
    [InlineData(Regime.FullTraining, true)]
    public void Dots_lie_on_the_curves(Regime regime, bool isMixture)
    {
        var model = Model(isMixture, [.. DataModel.ExponentialSpectrum(24, seed: 2).Select(m => m * 0.8)]);
        var weights = LazyTrainingRun.Weights(12, 24, seed: 2);
        var (exact, dot) = (ExactRisk.Of(model, regime, weights), StochasticDescent.Run(model, regime, weights, new(BatchSize: 50)));
        Assert.InRange(dot.Risk, exact - 1e-6, exact + 0.02);
        Assert.True(exact < 0.95);
    }

    [Fact]
    public void The_table_and_the_chart_hold_all_places()
    {
        var run = new LazyTrainingRun(new QuadraticFunction(DataModel.ExponentialSpectrum(18, seed: 1)), new Options { Effort = 0.01 });
        var places = run.Execute();
        var lines = run.Table(places).TrimEnd().Split('\n');
        Assert.Equal(2 + 3 * LazyTrainingRun.Ratios.Count, lines.Length);
        Assert.All(lines, line => Assert.Equal(lines[0].Count(c => c == '|'), line.Count(c => c == '|')));
        Assert.Contains(lines, line => line.StartsWith("| NT | 0.5 | 9 | ", StringComparison.Ordinal) && line.Contains(" | 0.375 | ", StringComparison.Ordinal));
        var chart = run.Chart("", places);
        Assert.Equal(6, chart.Series.Count);
        Assert.All(chart.Series, series => Assert.True(series.Points.Zip(series.Points.Skip(1)).All(p => p.First.X < p.Second.X)));
        Assert.Equal(places.Count(p => p.Dot is not null), chart.Series.Where((_, i) => i % 2 == 1).Sum(series => series.Points.Count));
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        Assert.Contains("between −1 and 1", Assert.Throws<DunlinException>(() => new GaussianMixture([0.5, 1.2])).Message, StringComparison.Ordinal);
        Assert.Contains("[N, 6]", Assert.Throws<DunlinException>(() => ExactRisk.Of(new QuadraticFunction(Signed), Regime.NeuralTangent, Tensor.Zeros(DType.Float64, [2, 5]))).Message, StringComparison.Ordinal);
        Assert.Contains("--sise", Assert.Throws<ArgumentException>(() => Options.Parse(["--full", "--sise", "3"])).Message, StringComparison.Ordinal);
        Assert.Equal(450, Options.Parse(["--full"]).Size);
    }

    /// <summary>Examples as the models' definitions say, x [n, d] and y [n, 1].</summary>
    private static (Tensor X, Tensor Y) Sample(DataModel model, int count)
    {
        var (x, y) = (new double[count * model.Size], new double[count]);
        Philox.FillNormal(x, new PhiloxKey(7, 1));
        Philox.FillUniform(y, new PhiloxKey(7, 2));
        for (var n = 0; n < count; n++)
        {
            var row = x.AsSpan(n * model.Size, model.Size);
            y[n] = model is GaussianMixture ? (y[n] < 0.5 ? -1 : 1) : 0;
            for (var k = 0; k < row.Length; k++)
                if (model is GaussianMixture) row[k] *= Math.Sqrt(1 + y[n] * model.Spectrum[k]);
                else y[n] += model.Spectrum[k] * (row[k] * row[k] - 1);
        }
        return (Tensor.From(x, [count, model.Size]), Tensor.From(y, [count, 1]));
    }
}
