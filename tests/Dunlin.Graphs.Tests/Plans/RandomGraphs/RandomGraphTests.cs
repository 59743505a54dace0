using Dunlin.Graphs.Passes;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans.RandomGraphs;

public class RandomGraphTests
{
    private static readonly string[] Passes = [.. PlanPasses.All.Select(p => p.Name)];

    [Fact]
    public void Plans_compute_what_their_graphs_say() => ForAllSeeds(0, 200, DType.Float64, (graph, seed) =>
    {
        Same(graph, new() { Kernels = KernelSets.Managed, Threads = 1 }, 1e-8, "all passes");
        Same(graph, new() { Kernels = KernelSets.Managed, Threads = 1, DisabledPasses = Passes.ToHashSet() }, 1e-8, "no pass");
        var pass = Passes[seed % Passes.Length];
        Same(graph, new() { Kernels = KernelSets.Managed, Threads = 2, DisabledPasses = new HashSet<string> { pass } }, 1e-8, $"without {pass}");
    });

    [Fact]
    public void Plans_of_the_fastest_kernels_compute_what_their_graphs_say() => ForAllSeeds(5000, 80, DType.Float32, (graph, _) =>
    {
        Same(graph, new() { Threads = 1 }, 2e-3, "fastest kernels");
        Same(graph, new() { Threads = 2, DisabledPasses = new HashSet<string> { "fuse-epilogues" } }, 2e-3, "fastest kernels without epilogues");
    });

    [Fact]
    public void Plans_in_mixed_precision_compute_what_their_graphs_say() => ForAllSeeds(9000, 80, DType.Float32, (graph, seed) =>
    {
        Same(graph, new() { Threads = 1, Precision = DType.BFloat16 }, 0.1, "fastest kernels");
        Same(graph, new() { Kernels = KernelSets.Managed, Threads = 1, Precision = DType.BFloat16, DisabledPasses = new HashSet<string> { Passes[seed % Passes.Length] } }, 0.1, $"without {Passes[seed % Passes.Length]}");
    });

    private static void ForAllSeeds(int first, int count, DType type, Action<RandomGraph, int> check)
    {
        var failures = new List<string>();
        for (var seed = first; seed < first + count; seed++)
            try { check(new RandomGraph(seed, type), seed); }
            catch (Exception e) { failures.Add($"seed {seed}: {(e is DunlinException ? e.Message : e)}"); }
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n{string.Join('\n', failures)}");
    }

    /// <summary>Runs three steps, the second with another batch, and compares fetches and variables.</summary>
    private static void Same(RandomGraph graph, SessionOptions options, double tolerance, string how)
    {
        var oracle = new Interpreter();
        using var session = new Session(graph.Graph, options);
        foreach (var variable in graph.Graph.Variables)
        {
            oracle.Variables[variable] = graph.First(variable);
            session.Set(variable, graph.First(variable));
        }
        var step = session.Compile(graph.Feeds, graph.Fetches, graph.Targets);
        for (var round = 0; round < 3; round++)
        {
            var fed = graph.Fed(RandomGraph.Batches[round % 2], round);
            var before = fed.Select(f => f.Clone()).ToList();
            var expected = oracle.Step(graph.Feeds, fed, graph.Fetches, graph.Targets);
            var actual = step.Run(fed);
            // Updates can make numbers that are no longer worth comparing.
            if (!expected.Concat(oracle.Variables.Values).All(t => RandomGraph.Elements(t).All(e => Math.Abs(e) < 1e3))) return;
            for (var i = 0; i < expected.Count; i++) Compare(expected[i], actual[i], $"{how}, round {round}, fetch {i}: {graph.Fetches[i].Node}");
            foreach (var variable in graph.Graph.Variables) Compare(oracle.Variables[variable], session.Storage(variable), $"{how}, round {round}, variable {variable}");
            for (var i = 0; i < fed.Length; i++) Compare(before[i], fed[i], $"{how}, round {round}, feed {i}");
        }

        void Compare(Tensor expected, Tensor actual, string what)
        {
            if (expected.TensorType != actual.TensorType) throw new DunlinException($"{what}: {actual}, expected {expected}");
            foreach (var (e, a) in RandomGraph.Elements(expected).Zip(RandomGraph.Elements(actual)))
                if (!(Math.Abs(e - a) <= tolerance * (1 + Math.Abs(e))))
                    throw new DunlinException($"{what}: {a}, expected {e}");
        }
    }
}
