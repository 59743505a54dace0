using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Loops;

/// <summary>What depends on a loop's captured operands alone is computed once, and nothing else is.</summary>
public class LastingOperandTests
{
    private const int Length = 5;

    [Fact]
    public void What_depends_on_captured_operands_alone_runs_once()
    {
        var (calls, _) = Run((w, b, s, x) => ((s + x).MatMul(w.Exp()) + b.Abs()).Tanh(), Length, 0.1);
        Assert.Equal((1, 1, Length), (calls["Exp"], calls["Abs"], calls["MatMul+Bias"]));
    }

    [Fact]
    public void What_depends_on_a_state_or_an_element_runs_each_time()
    {
        var (calls, _) = Run((w, b, s, x) => s.MatMul(w) + x.Exp() + s.Abs() + b, Length, 0.1);
        Assert.Equal((Length, Length), (calls["Exp"], calls["Abs"]));
    }

    [Fact]
    public void Matrices_in_panels_give_what_the_unrolled_loop_does()
    {
        static Value Body(Value w, Value b, Value s, Value x) => ((s + x).MatMul(w) + (s - x).MatMul(w, false, true) + b).Tanh();
        foreach (var set in new[] { KernelSets.Managed, KernelSets.OneDnn }.OfType<IKernelSet>())
        {
            var (calls, looped) = Run(Body, Length, 0.1, set);
            Assert.Equal(2, calls.Where(c => c.Key.StartsWith("Reorder(plain -> panels", StringComparison.Ordinal)).Sum(c => c.Value));
            var graph = new Graph();
            var (w, b, xs) = Operands(graph, Length, 0.1);
            var s = graph.Constant(Tensor.Zeros(DType.Float32, [3, 80]));
            for (var i = 0; i < Length; i++) s = Body(w, b, s, xs.Slice([i, 0, 0], [1, 3, 80]).Reshape([3, 80]));
            using var session = new Session(graph, new() { Threads = 2, Kernels = set });
            var unrolled = session.Run(s).ToArray<float>();
            for (var i = 0; i < unrolled.Length; i++) Assert.Equal(unrolled[i], looped[i], 1e-5f);
        }
    }

    [Fact]
    public void A_loop_of_no_iterations_computes_nothing()
    {
        var (calls, result) = Run((w, b, s, x) => (s + x).MatMul(w.Exp()) + b, 0, 0.1);
        Assert.False(calls.ContainsKey("Exp"));
        Assert.All(result, v => Assert.Equal(0, v));
    }

    [Fact]
    public void Each_run_reads_the_captured_operands_anew()
    {
        var graph = new Graph();
        var w = graph.Placeholder("w", DType.Float32, [2]);
        var sum = ControlFlow.Fold(graph.Constant(Tensor.Zeros(DType.Float32, [3, 2])), graph.Constant(Tensor.Zeros(DType.Float32, [2])), (s, x) => s + x + w.Exp());
        using var session = new Session(graph);
        using var step = session.Compile([w], [sum]);
        foreach (var value in new[] { 0f, 1f, 0f })
            Assert.All(step.Run([Tensor.From([value, value])])[0].ToArray<float>(), v => Assert.Equal(3 * MathF.Exp(value), v, 1e-5f));
    }

    /// <summary>How often each operation runs in a scan over [length, 3, 80] from zeros, with w [80, 80] and b [80] captured, and the last state.</summary>
    private static (Dictionary<string, int> Calls, float[] Last) Run(Func<Value, Value, Value, Value, Value> body, int length, double scale, IKernelSet? kernels = null)
    {
        var graph = new Graph();
        var (w, b, xs) = Operands(graph, length, scale);
        var last = ControlFlow.Fold(xs, graph.Constant(Tensor.Zeros(DType.Float32, [3, 80])), (s, x) => body(w, b, s, x));
        using var session = new Session(graph, new() { Threads = 2, Kernels = kernels ?? KernelSets.Managed, DisabledPasses = new HashSet<string> { "fuse-elementwise" } });
        using var step = session.Compile([], [last]);
        var counter = new Counter();
        Tensor[] results = [Tensor.Zeros(DType.Float32, [3, 80])];
        step.Run([], results, counter);
        return (counter.Calls, results[0].ToArray<float>());
    }

    /// <summary>Placeholders would do as well; variables are what no pass folds.</summary>
    private static (Value W, Value B, Value Xs) Operands(Graph graph, int length, double scale)
    {
        Value Wave(string name, Shape shape) => graph.Variable(name, DType.Float32, shape, new WaveFill(scale), trainable: false).Value;
        return (Wave("w", [80, 80]), Wave("b", [80]), Wave("xs", [length, 3, 80]));
    }

    private sealed record WaveFill(double Scale) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream)
        {
            var elements = target.Span<float>();
            for (var i = 0; i < elements.Length; i++) elements[i] = (float)(Scale * Math.Sin(1.7 * i));
        }
    }

    private sealed class Counter : IStepObserver
    {
        public Dictionary<string, int> Calls { get; } = [];

        public void Before(PlanKernel kernel) => Calls[kernel.Operation] = Calls.GetValueOrDefault(kernel.Operation) + 1;

        public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs) { }
    }
}
