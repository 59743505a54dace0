using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Passes;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Passes;

/// <summary>Steps in mixed precision against the same in Float32.</summary>
public class MixedPrecisionTests
{
    /// <summary>The fastest kernels and the managed ones, with all passes, with none but this one, and without each.</summary>
    public static TheoryData<bool, string> Ways
    {
        get
        {
            var ways = new TheoryData<bool, string> { { true, "" }, { false, "" }, { true, "all" }, { false, "all" } };
            foreach (var pass in PlanPasses.All.Where(p => p is not MixedPrecision)) ways.Add(true, pass.Name);
            return ways;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public void Gradients_of_a_convolutional_network_agree_to_the_precision_of_BFloat16(bool fastest, string disabled)
    {
        HashSet<string> without = disabled == "all" ? [.. PlanPasses.All.Where(p => p is not MixedPrecision).Select(p => p.Name)] : [disabled];
        var options = new SessionOptions { Kernels = fastest ? KernelSets.Default : KernelSets.Managed, Threads = 2, Seed = 3, DisabledPasses = without };
        // Where rounding changes which element is the largest, or on which side of 0 one is, its gradient goes another way: a part in some hundred of the elements, but all of theirs.
        foreach (var (smooth, tolerance) in new[] { (true, 0.03), (false, 0.2) })
        {
            var expected = new Network(options, smooth).Gradients();
            var actual = new Network(options with { Precision = DType.BFloat16 }, smooth).Gradients();
            foreach (var (name, gradient) in expected)
                Assert.True(Distance(gradient, actual[name]) < tolerance, $"{(smooth ? "smooth" : "rectified")} {name}: {Distance(gradient, actual[name]):G3}");
            Assert.True(expected.Max(e => Distance(e.Value, actual[e.Key])) > 1e-4, "Nothing was rounded.");
        }
    }

    [Fact]
    public void A_session_may_leave_it_out_by_its_name()
    {
        var options = new SessionOptions { Threads = 1, Seed = 3 };
        var expected = new Network(options).Gradients();
        var actual = new Network(options with { Precision = DType.BFloat16, DisabledPasses = new HashSet<string> { "mixed-precision" } }).Gradients();
        foreach (var (name, gradient) in expected) Assert.Equal(gradient, actual[name]);
    }

    [Fact]
    public void Updates_wait_for_all_who_read_the_old_weights_in_16_bits()
    {
        // A rate so high that reading new weights in the backward pass would show.
        var options = new SessionOptions { Threads = 2, Seed = 3 };
        var (expected, actual) = (new Network(options, smooth: true).Train(2, 0.5f), new Network(options with { Precision = DType.BFloat16 }, smooth: true).Train(2, 0.5f));
        foreach (var (name, weights) in expected) Assert.True(Distance(weights, actual[name]) < 0.05, $"{name}: {Distance(weights, actual[name]):G3}");
    }

    [Fact]
    public void Activations_have_no_copy_in_Float32_and_weights_have_gradients_in_it()
    {
        var operations = new Network(new() { Threads = 1, Precision = DType.BFloat16 }).Plan.Operations;
        Assert.Contains(operations, o => o.StartsWith("Conv+Bias+Relu", StringComparison.Ordinal) && o.Contains("BFloat16", StringComparison.Ordinal));
        Assert.Contains(operations, o => o.StartsWith("MaxPoolBackward", StringComparison.Ordinal) && o.Contains("BFloat16", StringComparison.Ordinal));
        Assert.Contains(operations, o => o.StartsWith("BatchNorm ", StringComparison.Ordinal) && o.EndsWith("BFloat16[6, 16, 10, 10], Float32[16], Float32[16]", StringComparison.Ordinal));
        Assert.Contains(operations, o => o.StartsWith("ConvBackwardWeights", StringComparison.Ordinal) && o.Contains("-> Float32", StringComparison.Ordinal));
        Assert.Contains(operations, o => o.StartsWith("MatMul+Bias ", StringComparison.Ordinal) && o.EndsWith("Float32[6, 5]", StringComparison.Ordinal));
        Assert.DoesNotContain(operations, o => o.Contains("-> Float32[6, 16, ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        var network = new Network(new() { Threads = 1, Precision = DType.BFloat16 });
        network.Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        network.Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_is_fetched_is_Float32_and_other_types_stay_what_they_are()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [3, 4]);
        var y = graph.Placeholder("y", DType.Float64, [3, 4]);
        var (single, twice) = (x.MatMul(x, transposeB: true), y.MatMul(y, transposeB: true));
        using var session = new Session(graph, new SessionOptions { Threads = 1, Precision = DType.BFloat16 });
        var (a, b) = (Tensor.From([.. Enumerable.Range(0, 12).Select(i => 1 + i / 1024f)], [3, 4]), Tensor.From([.. Enumerable.Range(0, 12).Select(i => 1 + i / 1024.0)], [3, 4]));
        var results = session.Run([single, single.Relu().MatMul(x), twice], (x, a), (y, b));
        Assert.Equal([DType.Float32, DType.Float32, DType.Float64], results.Select(r => r.Type));
        Assert.Equal(4f, results[0].Span<float>()[0], 0.03f);
        Assert.Equal(4 + 12.0 / 1024 + 14.0 / (1024 * 1024), results[2].Span<double>()[0], 1e-12);
    }

    [Fact]
    public void Float16_is_refused_with_the_way_out()
    {
        var error = Assert.Throws<InvalidValueException>(() => new SessionOptions { Precision = DType.Float16 });
        Assert.Contains("SessionOptions: Precision is Float32 or BFloat16, not Float16.", error.Message, StringComparison.Ordinal);
        Assert.Contains("BFloat16 has the range of Float32", error.Message, StringComparison.Ordinal);
    }

    /// <summary>How far apart two tensors are, in parts of the first one's length.</summary>
    private static double Distance(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual, (a, b) => Math.Pow(a - b, 2)).Sum() / Math.Max(1e-12, expected.Sum(a => a * a)));

    /// <summary>Convolution with and without batch normalisation, pooling of both kinds, a join, a residual, dropout and two linear layers.</summary>
    private sealed class Network
    {
        private readonly Session _session;
        private readonly Step _step;
        private readonly Tensor[] _feeds, _results;
        private readonly List<Variable> _variables = [];
        private readonly Value _rate;

        public Network(SessionOptions options, bool smooth = false)
        {
            var graph = new Graph();
            Value Weight(string name, params int[] shape)
            {
                var variable = graph.Variable(name, DType.Float32, Shape.Create(shape), new Normal(shape.Length == 1 ? 0.1 : Math.Sqrt(2.0 / Shape.Create(shape)[1..].ElementCount)));
                _variables.Add(variable);
                return variable.Value;
            }
            var (x, label) = (graph.Placeholder("x", DType.Float32, [6, 3, 10, 10]), graph.Placeholder("label", DType.Int64, [6]));
            _rate = graph.Placeholder("rate", DType.Float32, Shape.Scalar);
            Value Activated(Value value) => smooth ? value.Tanh() : value.Relu();
            Value Pooled(Value value, Shape window, Sliding sliding) => smooth ? value.AveragePool(window, sliding) : value.MaxPool(window, sliding);
            var same = Sliding.Uniform(2, padding: 1);
            var first = Activated(x.Conv(Weight("w1", 16, 3, 3, 3), same) + Weight("b1", 16).Reshape([16, 1, 1]));
            var normal = Activated(first.Conv(Weight("w2", 16, 16, 3, 3), same).BatchNorm(Weight("scale", 16) + 1, Weight("shift", 16)).Y);
            var residual = Activated(normal + first);
            var joined = Operations.Concat([residual.Conv(Weight("w3", 16, 16, 1, 1)), Pooled(residual, [3, 3], same)], 1);
            var pooled = Pooled(joined, [2, 2], Sliding.Uniform(2, stride: 2)).AveragePool([2, 2], Sliding.Uniform(2));
            var hidden = Activated(pooled.Flatten().MatMul(Weight("w4", 40, 512), transposeB: true) + Weight("b4", 40));
            var logits = hidden.Tanh().MatMul(Weight("w5", 5, 40), transposeB: true) + Weight("b5", 5);
            var loss = logits.SoftmaxCrossEntropy(label).Mean();
            Value[] gradients = [.. Graphs.Gradients.Of(loss, _variables).Select(g => g!.Dense())];
            _session = new Session(graph, options);
            _step = _session.Compile([x, label, _rate], [loss, .. gradients], [.. _variables.Zip(gradients, (v, g) => v.Assign(v.Value - _rate * g))]);
            var images = Tensor.Uninitialized(DType.Float32, x.Shape);
            Philox.FillNormal(images.Span<float>(), new PhiloxKey(5), 0, 0, 1);
            _feeds = [images, Tensor.From(new long[] { 0, 1, 2, 3, 4, 1 }, [6]), Tensor.From([0f], Shape.Scalar)];
            _results = [Tensor.Zeros(DType.Float32, Shape.Scalar), .. gradients.Select(g => Tensor.Zeros(DType.Float32, g.Shape))];
        }

        public Dunlin.Graphs.Plans.Plan Plan => _step.PlanFor(_feeds);

        public void Run() => _step.Run(_feeds, _results);

        public Dictionary<string, float[]> Gradients()
        {
            Run();
            return _variables.Zip(_results.Skip(1)).ToDictionary(p => p.First.Name, p => p.Second.ToArray<float>());
        }

        /// <summary>How far the weights moved.</summary>
        public Dictionary<string, float[]> Train(int steps, float rate)
        {
            var before = _variables.ToDictionary(v => v.Name, v => _session.Storage(v).ToArray<float>());
            _feeds[2] = Tensor.From([rate], Shape.Scalar);
            for (var i = 0; i < steps; i++) Run();
            Assert.All(_variables, v => Assert.Equal(DType.Float32, _session.Storage(v).Type));
            return _variables.ToDictionary(v => v.Name, v => _session.Storage(v).ToArray<float>().Zip(before[v.Name], (a, b) => a - b).ToArray());
        }
    }

    private sealed record Normal(double Deviation) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => Philox.FillNormal(target.Span<float>(), new PhiloxKey(seed, (uint)stream), 0, 0, (float)Deviation);
    }
}
