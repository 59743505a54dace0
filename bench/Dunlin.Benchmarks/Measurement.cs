using System.Diagnostics;
using Dunlin.Graphs;
using Dunlin.Graphs.Plans;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Layers;
using static Dunlin.Graphs.Ops.Operations;

namespace Dunlin.Benchmarks;

/// <summary>Forward pass, backward pass and momentum update on one batch that lies ready.</summary>
internal sealed class Measurement : IDisposable
{
    private const double WarmUp = 2;

    private readonly Session _session;
    private readonly Step _step;
    private readonly Tensor[] _feeds;
    private readonly Tensor[] _results = [Tensor.Zeros(DType.Float32, Shape.Scalar)];

    public Measurement(Row row, IKernelSet kernels, int threads, DType precision = DType.Float32, string? without = null, IWorker? worker = null)
    {
        var graph = new Graph();
        var input = graph.Placeholder("input", row.IsText ? DType.Int64 : DType.Float32, row.IsText ? row.Input : row.Input.With(0, Shape.Unknown));
        var target = graph.Placeholder("target", DType.Int64, [Shape.Unknown]);
        var counter = graph.Variable("step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var context = new BuildContext(graph, training: true, seed: 1, counter.Value);
        var loss = context.TotalLoss(Losses.SoftmaxCrossEntropy, context.Apply(row.Model, input).Reshape([-1, row.Classes]), target);
        var trainable = graph.Variables.Where(v => v.IsTrainable).ToList();
        IReadOnlyList<Gradient> gradients = [.. (worker is null ? Gradients.Of(loss, trainable) : Gradients.Of(loss * (1.0 / worker.Communicator.Size), trainable)).Select(g => (Gradient)g!.Dense())];
        // Every rank has a whole batch: all count the same.
        if (worker is not null) gradients = worker.Combine(gradients, new WorkerShare([input, target], graph.Constant(Tensor.From([1f])).Reshape([]), row.Input[0]));
        var parameters = trainable.Zip(gradients, (variable, gradient) => new Parameter(variable, gradient)).ToList();
        Parameters = trainable.Sum(v => v.TensorType.Shape.ElementCount);
        Flops = ModelSummary.StepFlops(context.Records) * row.Input[0];
        var updates = Optimizers.Momentum(0.001, 0.9).Build(graph, counter.Value, parameters);
        _session = new Session(graph, new SessionOptions
        {
            Kernels = kernels,
            Threads = threads,
            Seed = 1,
            Precision = precision,
            DisabledPasses = new HashSet<string>(without is null ? [] : [without]),
            Communicators = _ => worker!.Communicator,
            RentExchanged = worker?.Communicator.Rent
        });
        _step = _session.Compile([input, target], [loss], [.. updates, .. context.Updates.Select(u => u.Variable.Assign(u.Value)), counter.Assign(counter.Value + 1)]);
        _feeds = [Inputs(row), Targets(row)];
    }

    /// <summary>Trainable elements; the peer's model has to have as many.</summary>
    public long Parameters { get; }

    /// <summary>Floating-point operations of a step's products and convolutions, forward and backward; a multiply-add is two.</summary>
    public long Flops { get; }

    /// <summary>The kernels of the step, in order.</summary>
    public Plan Plan => _step.PlanFor(_feeds);

    public void Step() => _step.Run(_feeds, _results);

    public void Step(PlanProfile profile, long number)
    {
        profile.BeginStep();
        _step.Run(_feeds, _results, profile);
        profile.EndStep(number);
    }

    public void Step(IStepObserver observer) => _step.Run(_feeds, _results, observer);

    /// <summary>The median milliseconds of a step, after a warm-up that is long enough for the runtime to have compiled all that is hot.</summary>
    public double Milliseconds(double seconds)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 2 || clock.Elapsed.TotalSeconds < Math.Max(WarmUp, seconds / 3); i++) Step();
        var one = Math.Max(1, (int)(0.002 / Time(1)));
        var times = new List<double>();
        clock.Restart();
        while (times.Count < 3 || clock.Elapsed.TotalSeconds < seconds) times.Add(Time(one) * 1e3);
        times.Sort();
        return times[times.Count / 2];
    }

    public void Dispose() => _session.Dispose();

    /// <summary>Seconds a step over some steps in a row: a single short one is below the clock's grain.</summary>
    private double Time(int steps)
    {
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++) Step();
        return Stopwatch.GetElapsedTime(begin).TotalSeconds / steps;
    }

    private static Tensor Inputs(Row row)
    {
        if (row.IsText) return Numbers(row, row.Input, 3);
        var tensor = Tensor.Uninitialized(DType.Float32, row.Input);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(1), 0, 0, 1);
        return tensor;
    }

    private static Tensor Targets(Row row) => Numbers(row, row.IsText ? [checked((int)row.Input.ElementCount)] : [row.Input[0]], 2);

    private static Tensor Numbers(Row row, Shape shape, ulong seed)
    {
        var tensor = Tensor.Uninitialized(DType.Int64, shape);
        Philox.FillIntegers(tensor.Span<long>(), 0, row.Classes, new PhiloxKey(seed), 0);
        return tensor;
    }
}
