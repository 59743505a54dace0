using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Passes;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Loops.RandomLoops;

public class RandomLoopTests
{
    private static readonly string[] Passes = [.. PlanPasses.All.Select(p => p.Name)];

    [Fact]
    public void Loops_and_branches_compute_what_they_do_spelled_out() => ForAllSeeds(0, 41, DType.Float64, Options, 1e-8);

    [Fact]
    public void Loops_that_carry_lists_compute_what_they_do_spelled_out() => ForAllSeeds(20_000, 20, DType.Float64, Options, 1e-8);

    [Fact]
    public void Loops_of_the_fastest_kernels_compute_what_they_do_spelled_out() => ForAllSeeds(5000, 12, DType.Float32, _ => new() { Threads = 1 }, 5e-3);

    /// <summary>
    /// 187: a branch's tangent had a product that nobody read but that read a state of a loop; once the loop was cut to what is read, the
    /// fusion of elementwise operations did not find it. (0 and 5011 are among the others: an empty list without a shape; lists of lists of many examples.)
    /// </summary>
    [Theory, InlineData(187)]
    public void Programs_that_once_failed_compute_what_they_do_spelled_out(int seed) => ForAllSeeds(seed, 1, DType.Float64, Options, 1e-8);

    private static SessionOptions Options(int seed) => new()
    {
        Kernels = KernelSets.Managed,
        Threads = 1 + seed % 2,
        DisabledPasses = (seed % 4) switch { 0 => new HashSet<string>(), 1 => Passes.ToHashSet(), _ => new HashSet<string> { Passes[seed / 4 % Passes.Length] } },
    };

    private static void ForAllSeeds(int first, int count, DType type, Func<int, SessionOptions> options, double tolerance)
    {
        var failures = new List<string>();
        for (var seed = first; seed < first + count; seed++)
            try { Check(seed, type, options(seed), tolerance); }
            catch (Exception e) { failures.Add($"seed {seed}: {(e is DunlinException ? e.Message : e)}"); }
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n{string.Join('\n', failures)}");
    }

    private static void Check(int seed, DType type, SessionOptions options, double tolerance)
    {
        var (length, open) = ((seed % 5) switch { 0 => 0, 1 => 1, _ => 3 }, seed % 3 == 0);
        var graph = new Graph();
        var x = graph.Placeholder("x", type, [open ? Shape.Unknown : 2, 3]);
        var xs = graph.Placeholder("xs", type, [open ? Shape.Unknown : length, open ? Shape.Unknown : 2, 3]);
        var w = graph.Placeholder("w", type, [3, 3]);
        Value[] inputs = [x, xs, w];
        var (loops, spelled) = (Wanted(false), Wanted(true));
        using var session = new Session(graph, options);
        Tensor[] fed = [Numbers(type, 1, 2, 3), Numbers(type, 2, length, 2, 3), Numbers(type, 3, 3, 3)];
        using var step = session.Compile(inputs, [.. loops.Select(l => l.Value), .. spelled.Select(l => l.Value)]);
        for (var round = 0; round < 2; round++)
        {
            var results = step.Run(fed);
            for (var i = 0; i < loops.Count; i++)
            {
                var (actual, expected) = (results[i], results[loops.Count + i]);
                if (actual.TensorType != expected.TensorType) throw new DunlinException($"{loops[i].What}: {actual}, expected {expected}");
                foreach (var (a, e) in Elements(actual).Zip(Elements(expected)))
                    if (!(Math.Abs(a - e) <= tolerance * (1 + Math.Abs(e)))) throw new DunlinException($"{loops[i].What}, round {round}: {a}, expected {e}");
            }
        }

        List<(string What, Value Value)> Wanted(bool unrolled)
        {
            var program = new RandomProgram(graph, seed, length, unrolled, lists: seed >= 20_000);
            var y = program.Of(x, xs, w);
            var wanted = new List<(string, Value)> { ("value", y) };
            Value[] Gradient(Value of) => [.. Gradients.Of(of, inputs).Select((g, i) => g?.Dense() ?? inputs[i].ZerosLike())];
            var gradients = Gradient(y);
            for (var i = 0; i < inputs.Length; i++) wanted.Add(($"gradient {i}", gradients[i]));
            wanted.Add(("forward", Gradients.Forward([y], inputs, [.. inputs.Select(v => v * 0.5 + 1)])[0] ?? y.ZerosLike()));
            if (seed % 2 == 0)
            {
                var second = Gradient((gradients[0] * x).Sum() + gradients[2].Square().Sum());
                for (var i = 0; i < inputs.Length; i++) wanted.Add(($"second gradient {i}", second[i]));
            }
            else if (!open)
            {
                var examples = Operations.Stack([x, x * 0.5 - 0.1, x.Sin()]);
                wanted.Add(("vectorized", Vectorize.Map(e => program.Of(e, xs, w), examples)));
                if (seed % 4 == 1) wanted.Add(("gradient of vectorized", Gradients.Of(Vectorize.Map(e => program.Of(e, xs, w), examples).Sum(), w)[0]?.Dense() ?? w.ZerosLike()));
                else wanted.Add(("vectorized gradient", Vectorize.Map(e => Gradients.Of(program.Of(e, xs, w), w)[0]?.Dense() ?? w.ZerosLike(), examples)));
            }
            return wanted;
        }
    }

    private static double[] Elements(Tensor tensor) => tensor.Type == DType.Float64 ? tensor.ToArray<double>() : [.. tensor.ToArray<float>().Select(f => (double)f)];

    private static Tensor Numbers(DType type, int seed, params int[] shape)
    {
        var random = new Random(seed);
        double[] numbers = [.. Enumerable.Range(0, (int)Shape.Create(shape).ElementCount).Select(_ => random.NextDouble() * 1.6 - 0.8)];
        return type == DType.Float64 ? Tensor.From(numbers, Shape.Create(shape)) : Tensor.From([.. numbers.Select(n => (float)n)], Shape.Create(shape));
    }
}
