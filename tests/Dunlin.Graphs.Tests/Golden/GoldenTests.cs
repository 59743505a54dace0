using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Xunit.Abstractions;

namespace Dunlin.Graphs.Tests.Golden;

public class GoldenTests(ITestOutputHelper output)
{
    private const int CasesForEach = 3;

    public static TheoryData<string> Operations => [.. GoldenFiles.All.Select(v => v.Operation).Distinct()];

    [Theory, MemberData(nameof(Operations))]
    public void Outputs_and_gradients_are_those_of_another_implementation(string operation)
    {
        var differences = new List<string>();
        foreach (var values in GoldenFiles.All.Where(v => v.Operation == operation))
        {
            if (GoldenCases.For(values.Key) is not { } golden) differences.Add($"{values.Key}: nothing here says what Dunlin computes");
            else differences.AddRange(Differences(golden, values));
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public void Every_operation_has_three_cases_or_says_why_it_has_none()
    {
        var counts = GoldenFiles.All.CountBy(v => v.Operation).ToDictionary();
        var without = GoldenCases.All.Where(c => c.Function is null).ToDictionary(c => c.Operation, c => c.Reason!);
        var catalogue = OperationCases.Catalogue().Select(o => o.Key).ToList();
        output.WriteLine($"{catalogue.Count} operations, {OperationCases.All.Count} gradient checks, {GoldenFiles.All.Count} golden cases.");
        string[] few = [.. catalogue.Where(o => counts.GetValueOrDefault(o) < CasesForEach && !without.ContainsKey(o)).Select(o => $"{o}: {counts.GetValueOrDefault(o)}")];
        Assert.True(few.Length == 0, $"Operations with fewer than {CasesForEach} golden cases, see eng/golden/README.md: {string.Join(", ", few)}");
        // Reasons that are no longer true, or are nobody's.
        Assert.All(without.Keys, o => Assert.True(catalogue.Contains(o) && !counts.ContainsKey(o), o));
        Assert.All(without.Values, reason => Assert.EndsWith(".", reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_entry_has_a_case_and_every_case_contains_the_operation_that_it_is_listed_under()
    {
        var catalogue = OperationCases.Catalogue().Select(o => o.Key).ToHashSet();
        var used = new HashSet<string>();
        foreach (var values in GoldenFiles.All)
        {
            if (GoldenCases.For(values.Key) is not { } golden) continue;
            used.Add(golden.Key);
            var (graph, _, _) = Build(golden, values);
            if (catalogue.Contains(values.Operation)) Assert.Contains(values.Operation, graph.Nodes.Select(n => OperationCases.Key(n.Operation)));
        }
        Assert.Empty(GoldenCases.All.Where(c => c.Function is not null).Select(c => c.Key).Except(used));
    }

    private static (Graph Graph, Value[] Inputs, IReadOnlyList<Value> Outputs) Build(GoldenCase golden, GoldenValues values)
    {
        var graph = new Graph();
        Value[] inputs = [.. values.Inputs.Select((x, i) => graph.Placeholder($"in{i}", x.Type, x.Shape))];
        return (graph, inputs, golden.Function!(graph, inputs));
    }

    private static IEnumerable<string> Differences(GoldenCase golden, GoldenValues values)
    {
        var (graph, inputs, outputs) = Build(golden, values);
        if (outputs.Count != values.Outputs.Length) return [$"{values.Key}: {outputs.Count} outputs where the file has {values.Outputs.Length}"];
        Value[] fetches = [.. outputs];
        int[] wanted = [.. values.Gradients.Keys.Order()];
        if (wanted.Length > 0)
        {
            var total = outputs.Zip(values.Outputs).Where(p => p.First.Type == DType.Float64)
                .Select(p => (p.First * graph.Constant(GoldenFiles.Weights(p.Second.Shape))).Sum()).Aggregate((a, b) => a + b);
            var gradients = Gradients.Of(total, [.. wanted.Select(i => inputs[i])]);
            // Where the output does not depend smoothly on an input there is no gradient; the other side then says 0.
            fetches = [.. fetches, .. gradients.Select((g, i) => g?.Dense() ?? inputs[wanted[i]].ZerosLike())];
        }
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var computed = session.Compile(inputs, fetches).Run(values.Inputs);
        var expected = values.Outputs.Select((t, i) => ($"out{i}", t)).Concat(wanted.Select(i => ($"grad{i}", values.Gradients[i])));
        return computed.Zip(expected).Select(p => Difference(p.First, p.Second.Item2, golden.Tolerance)
            is { } difference ? $"{values.Key}/{p.Second.Item1} ({values.File}): {difference}" : null).OfType<string>();
    }

    /// <summary>The worst element that is farther off than tolerated, in words; null if there is none.</summary>
    private static string? Difference(Tensor computed, Tensor expected, double? tolerance)
    {
        if (computed.TensorType != expected.TensorType) return $"is {computed}, expected {expected}";
        var limit = !expected.Type.IsFloat() ? 0 : tolerance ?? expected.Type switch { DType.Float64 => 1e-10, DType.Float32 => 1e-5, DType.Float16 => 2e-3, _ => 2e-2 };
        var (actual, wanted) = (Numbers(computed), Numbers(expected));
        var (worst, message) = (limit, (string?)null);
        for (var i = 0; i < wanted.Length; i++)
        {
            if (actual[i].Equals(wanted[i])) continue;
            // What cancels to almost nothing is as precise as the numbers that it came from, which are of order 1.
            var error = Math.Abs(actual[i] - wanted[i]) / (Math.Abs(wanted[i]) + 1e-3);
            if (error <= worst) continue;
            (worst, message) = (double.IsNaN(error) ? double.PositiveInfinity : error, $"{actual[i]:R} at place {i} of {expected}, expected {wanted[i]:R}: off by {error:G3}, {limit:G3} is tolerated");
        }
        return message;
    }

    private static double[] Numbers(Tensor tensor)
    {
        if (tensor.Type == DType.Float64) return tensor.ToArray<double>();
        if (tensor.Type == DType.Int64) return [.. tensor.ToArray<long>().Select(v => (double)v)];
        return Evaluate.Of(x => x[0].Cast(DType.Float64), tensor).ToArray<double>();
    }
}
