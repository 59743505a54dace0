using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>L-BFGS whose vectors are on servers, and whose gradients come in pieces.</summary>
public class SandblasterTests
{
    /// <summary>How to check an implementation, 7: on a quadratic of d dimensions, exact line searches end within d + 1 steps, wherever the vectors are.</summary>
    [Theory, InlineData(1, 1, 1), InlineData(5, 2, 3), InlineData(8, 3, 2)]
    public void A_quadratic_of_d_dimensions_takes_at_most_d_plus_1_steps_with_exact_line_searches(int dimensions, int servers, int workers)
    {
        var exact = new LbfgsOptions { History = dimensions + 1, Curvature = 1e-9, SufficientDecrease = 1e-10, GradientTolerance = 1e-7 };
        var path = Minimize(new Quadratic(dimensions), exact, new() { Servers = servers }, workers);
        Assert.True(path.Count <= dimensions + 2, $"{path.Count - 1} steps");
        Assert.All(path[^1], x => Assert.Equal(3, x, 1e-7));
    }

    /// <summary>How to check an implementation, 7: products of vectors that are summed over servers, and gradients that are summed over pieces, give the points of one process that has all.</summary>
    [Theory, InlineData(1, 1), InlineData(1, 3), InlineData(3, 1), InlineData(4, 3)]
    public void Each_step_leads_where_it_leads_in_one_process(int servers, int workers)
    {
        var (function, options) = (new Quadratic(12), new LbfgsOptions { History = 4, GradientTolerance = 1e-4 });
        var path = Minimize(function, options, new() { Servers = servers }, workers);
        var serial = new List<double[]> { function.Start };
        for (var steps = 1; steps < path.Count; steps++)
        {
            var x = function.Start;
            Lbfgs.Minimize((at, gradient) => function.Evaluate(0, Quadratic.Pieces, at, gradient), x, options with { MaxIterations = steps });
            serial.Add(x);
        }
        Assert.True(path.Count > 8);
        foreach (var (expected, actual) in serial.Zip(path)) Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= 1e-12 * Math.Max(1, Math.Abs(a)));
    }

    [Theory, InlineData(1, 1, 1), InlineData(2, 3, 1), InlineData(3, 2, 2)]
    public void A_model_is_trained_to_what_it_is_trained_to_in_one_process(int servers, int workers, int batchesPerPiece)
    {
        var alone = Train(new ServerProtocol.Sandblaster(), 1, 1);
        var result = Train(new ServerProtocol.Sandblaster(batchesPerPiece), servers, workers);
        double[] losses = [.. result.Epochs.Select(e => e.Training["loss"])];
        Assert.Equal(losses.OrderDescending(), losses);
        Assert.True(losses[^1] < 0.2 * losses[0], $"{losses[0]} to {losses[^1]}");
        Assert.Equal(alone.Epochs[0].Training["loss"], losses[0], 1e-5);
        Assert.Equal(alone.Epochs[^1].Training["loss"], losses[^1], 0.1 * losses[^1]);
        Assert.Equal(result.Epochs[^1].Training["loss"], result.Metrics["loss"], 1e-5);
    }

    /// <summary>Batch order, dropout and augmentation are the same in each evaluation: what is minimised is a function, so losses go down.</summary>
    [Fact]
    public void Dropout_and_augmentation_are_part_of_the_function()
    {
        var result = Train(new ServerProtocol.Sandblaster(), 2, 2, dropout: true, with: o => o with { Augmentations = [Augmentation.RandomShift("image", 2)] });
        double[] losses = [.. result.Epochs.Select(e => e.Training["loss"])];
        Assert.Equal(losses.OrderDescending(), losses);
        Assert.True(losses[^1] < 0.7 * losses[0], $"{losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void A_simulated_run_is_the_same_each_time_and_nobody_waits_for_the_slow()
    {
        SimulatedCluster Cluster(double slowest) => new() { Seed = 3, StepTime = new(0.1, Spread: 0.2), Speeds = [1, 1, 1, slowest] };
        var (first, again, even) = (Cluster(0.02), Cluster(0.02), Cluster(1));
        var weights = Train(new ServerProtocol.Sandblaster(), 1, 4, first).Weights;
        TestRuns.AssertEqual(weights, Train(new ServerProtocol.Sandblaster(), 1, 4, again).Weights);
        Assert.Equal(first.Report!.Seconds, again.Report!.Seconds);
        Train(new ServerProtocol.Sandblaster(), 1, 4, even);
        // A piece of the slow one takes 5 s, which is waited for once, when all is done. Without it the others have 4/3 of the work.
        Assert.True(first.Report.Seconds < 5.5 + 1.7 * even.Report!.Seconds, $"{first.Report.Seconds} s against {even.Report.Seconds} s");
        Assert.True(first.Report.Dropped > 0);
    }

    /// <summary>Messages are lost, come late and twice, workers die, and servers die and come back from their journals: the point that is found is the one that is found without.</summary>
    [Fact]
    public void Whatever_goes_wrong_the_minimum_is_found()
    {
        var function = new Quadratic(6);
        var options = new LbfgsOptions { History = 4, GradientTolerance = 1e-9 };
        var path = Minimize(function, options, new() { Servers = 2 }, 3);
        var (lost, workers, servers) = (0L, 0, 0);
        for (var seed = 0; seed < 40; seed++)
        {
            var cluster = new SimulatedCluster
            {
                Seed = (ulong)seed,
                StepTime = new(0.05, Spread: 0.5),
                MaximumSeconds = 1e4,
                Failures = new() { Loss = 0.1, Duplication = 0.1, Delay = 0.1, DelaySeconds = 0.3, RetryAfter = 0.2, WorkerLife = 2, ServerLife = 3, NoticeAfter = 0.5, RestartAfter = seed % 2 == 0 ? 0.1 : 1 },
            };
            var found = Minimize(function, options, new() { Servers = 2, Simulation = cluster }, 4);
            Assert.All(found[^1], x => Assert.Equal(3, x, 1e-7));
            // Sums in another order: but for rounding, each point is the same.
            foreach (var (expected, actual) in path.Zip(found).Take(6)) Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= 1e-9);
            var report = cluster.Report!;
            (lost, workers, servers) = (lost + report.Lost, workers + report.WorkerDeaths, servers + report.ServerDeaths);
        }
        Assert.True(lost > 400 && workers > 40 && servers > 40, $"{lost} messages were lost, {workers} workers and {servers} servers died.");
    }

    [Fact]
    public void A_loss_that_is_no_number_sends_the_search_back_and_at_the_start_it_ends_the_run()
    {
        var result = Minimize(new Quadratic(3) { Edge = 3.5 }, new() { GradientTolerance = 1e-8 }, new() { Servers = 2 }, 2);
        Assert.All(result[^1], x => Assert.Equal(3, x, 1e-7));
        var error = Assert.ThrowsAny<DunlinException>(() => Minimize(new Quadratic(3) { Edge = 0.5 }, new(), new() { Servers = 2 }, 2));
        Assert.Contains("L-BFGS starts where the function is finite; it is NaN at the given point", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_queue_gives_each_piece_to_at_most_two_and_again_when_they_are_gone()
    {
        var queue = new PieceQueue(3);
        Assert.Equal([0, 1, 2], [queue.Take(0), queue.Take(1), queue.Take(2)]);
        // Who asks again has not been heard.
        Assert.Equal(1, queue.Take(1));
        // The piece that was begun first goes to a second worker, and to no third one.
        Assert.Equal([0, 1, 2, null], [queue.Take(3), queue.Take(4), queue.Take(5), queue.Take(6)]);
        Assert.True(queue.Finish(0));
        Assert.False(queue.Finish(0));
        Assert.Null(queue.Take(0));
        queue.Release(1);
        Assert.Equal(1, queue.Take(0));
        queue.Release(5);
        queue.Release(2);
        Assert.Equal(2, queue.Take(7));
        Assert.Equal([0, 4, 7], queue.Holders.Order());
        Assert.True(queue.Finish(1) && queue.Finish(2) && queue.Left == 0);
        Assert.Null(queue.Take(8));
    }

    [Fact]
    public void A_program_that_there_is_not_is_refused_by_name()
    {
        var shard = new ServerShard([new("w", new(DType.Float32, [2]))], ServerPlacement.Over([new("w", new(DType.Float32, [2]))], 1).Slices, new HashSet<int>(), Optimizers.Sgd(1), new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var node = new ServerNode(shard, new ServerProtocol.Sandblaster { Search = new() { History = 1 } }.Create(2));
        node.Join(0);
        node.Join(1);
        node.Initialize([Tensor.From([1f, 2])]);
        string? Refusal(int worker, params double[] row)
        {
            var call = new Call { Worker = worker, Number = 1, Program = Tensor.From(row, [1, VectorProgram.Columns]) };
            node.Handle(call);
            return call.Refusal;
        }
        var combine = (double)VectorOperation.Combine;
        Assert.Contains("worker 1 would compute with the servers' vectors, and that is for worker 0", Refusal(1, combine, 0, 0, 1, 0, 0), StringComparison.Ordinal);
        Assert.Contains("there is no operation of 7 vectors with the numbers 0, 7, 0, 0", Refusal(0, combine, 7, 0, 1, 0, 0), StringComparison.Ordinal);
        Assert.NotNull(Refusal(0, combine, 0, -1, 1, 0, 0));
        Assert.NotNull(Refusal(0, combine, 0, 0, 1, 1e300, 0));
        Assert.NotNull(Refusal(0, combine, double.NaN, 0, 1, 0, 0));
        Assert.NotNull(Refusal(0, (double)VectorOperation.Evaluate, 2, 1e12, 0, 1, 0));
        Assert.NotNull(Refusal(0, (double)VectorOperation.Evaluate, LbfgsSearch.Trial, 1, 0, 1, 0));
        Assert.NotNull(Refusal(0, 99, 0, 0, 0, 0, 0));
        Assert.Null(Refusal(0, combine, 0, 1, 1, 0, 0));
    }

    /// <summary>Minimises without a trainer; the points after each step, the start among them.</summary>
    private static List<double[]> Minimize(Quadratic function, LbfgsOptions options, ParameterServerOptions how, int workers)
    {
        var path = new List<double[]>();
        new ParameterServer(workers, how with { Protocol = new ServerProtocol.Sandblaster { Search = options } }).Run(worker =>
        {
            var graph = new Graph();
            // Two variables, of which servers may have one each or rows of one.
            var length = function.Start.Length;
            Variable[] variables = [graph.Variable("a", DType.Float64, [(length + 1) / 2], Initializers.Ones), .. length > 1 ? [graph.Variable("b", DType.Float64, [length / 2], Initializers.Ones)] : Array.Empty<Variable>()];
            using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
            function.Start.AsSpan(0, variables[0].TensorType.Shape[0]).CopyTo(session.Storage(variables[0]).Span<double>());
            if (length > 1) function.Start.AsSpan(variables[0].TensorType.Shape[0]).CopyTo(session.Storage(variables[1]).Span<double>());
            double[] X() => [.. variables.SelectMany(v => session.Storage(v).ToArray<double>())];
            var remote = worker.Remote!;
            var gradients = variables.Select((v, i) => graph.Placeholder($"gradient{i}", DType.Float64, v.TensorType.Shape)).ToList();
            remote.Begin(new(session, [.. variables.Zip(gradients, (v, g) => (v, (Gradient)g))], Optimizers.Sgd(1)), default);
            var whole = remote.WholeData!;
            whole.Prepare(Quadratic.Pieces, Quadratic.Pieces, 1, (piece, measures) =>
            {
                var gradient = new double[length];
                measures[0] = function.Evaluate(piece, piece + 1, X(), gradient);
                // A step's gradient is a mean over its examples, of which a piece has one.
                foreach (ref var g in gradient.AsSpan()) g *= Quadratic.Pieces;
                var first = variables[0].TensorType.Shape[0];
                if (double.IsFinite(measures[0])) remote.Step([Tensor.From(gradient[..first]), .. length > 1 ? [Tensor.From(gradient[first..])] : Array.Empty<Tensor>()], new Tensor?[variables.Length], 1);
            });
            if (worker.Rank > 0) whole.Help();
            else
            {
                path.Add(X());
                var measures = new double[1];
                while (whole.Iterate(measures))
                {
                    remote.Collect();
                    path.Add(X());
                }
            }
            remote.End();
        });
        return path;
    }

    private static TrainingResult Train(ServerProtocol protocol, int servers, int workers, SimulatedCluster? cluster = null, bool dropout = false, Func<TrainerOptions, TrainerOptions>? with = null)
    {
        var model = new Sequential([new Flatten(), .. dropout ? [new Dropout(0.2)] : Array.Empty<Layer>(), new Linear(16), new Tanh(), new Linear(10)]);
        var data = GeneratedDigits.Create(120, 20, seed: 3).Train;
        var options = TestRuns.Options(new ParameterServer(workers, new() { Servers = servers, Protocol = protocol, Simulation = cluster }), 12) with { BatchSize = 10 };
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.1), Metrics.Accuracy), with?.Invoke(options) ?? options).Fit(data, dropout ? null : data);
    }

    /// <summary>½ Σ (i + 1) (xᵢ − 3)², of which each of the pieces has a part; beyond an edge it has no value.</summary>
    private sealed class Quadratic(int dimensions)
    {
        public const int Pieces = 7;

        public double[] Start => [.. Enumerable.Range(0, dimensions).Select(i => 1.0 + i / 4.0)];

        public double Edge { get; init; } = double.PositiveInfinity;

        public double Evaluate(int first, int end, ReadOnlySpan<double> at, Span<double> gradient)
        {
            var (value, part) = (0.0, (end - first) / (double)Pieces);
            for (var i = 0; i < at.Length; i++)
            {
                gradient[i] = part * (i + 1) * (at[i] - 3);
                value += part * 0.5 * (i + 1) * (at[i] - 3) * (at[i] - 3);
                if (at[i] > Edge) value = double.NaN;
            }
            return value;
        }
    }

    private sealed class Call : ServerCall
    {
        protected override void Answered() { }
    }
}
