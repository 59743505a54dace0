using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Documents;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Vectorization;

/// <summary>Each rule by itself, on whatever the gradient checks, golden cases and samples run the operation on: all its outputs, with and without a gradient.</summary>
public class RuleTests
{
    /// <summary>Of these, examples draw numbers of their own: only the first draws what it does alone.</summary>
    private static readonly HashSet<string> Draws = ["RandomGamma", "RandomPoisson", "RandomBinomial", "Categorical"];

    /// <summary>A loop's or branch's body belongs to the graph that it was made in: see <see cref="VectorizeTests"/>.</summary>
    private static readonly HashSet<string> Elsewhere = [.. ElementTypeTests.NotProbed, "Loop", "If"];

    public static TheoryData<string> Operations => [.. OperationCases.Catalogue().Where(o => o.IsVectorized && !Elsewhere.Contains(o.Key)).Select(o => o.Key)];

    [Theory, MemberData(nameof(Operations))]
    public void A_rule_gives_what_the_operation_gives_for_each_example(string operation)
    {
        foreach (var probe in Probe.Of(operation).Where(p => p.Inputs.Length > 0))
        {
            var first = probe.Run();
            foreach (var batched in VectorizeTests.Choices(probe.Inputs, all: probe.Inputs.Length <= 3, integers: true))
            {
                var (inputs, second) = Another(probe, batched, first);
                try { Compare(probe, batched, inputs, Draws.Contains(operation) ? [first] : [first, second]); }
                catch (Exception e) when (e is DunlinException or Xunit.Sdk.XunitException)
                {
                    Assert.Fail($"{probe.Operation} on {string.Join(", ", probe.Inputs.AsEnumerable())}, batched {string.Join(", ", batched)}: {e.Message}");
                }
            }
        }
    }

    private static void Compare(Probe probe, bool[] batched, Tensor[] another, IReadOnlyList<Tensor>[] expected)
    {
        Tensor[] fed = [.. probe.Inputs.Select((x, i) => batched[i] ? Evaluate.Of(v => Dunlin.Graphs.Ops.Operations.Stack([v[0], v[1]]), x, another[i]) : x)];
        var graph = new Graph();
        Value[] inputs = [.. fed.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))];
        var outputs = Vectorize.Map(x => graph.AddNode(probe.Operation, x).Outputs, inputs, [.. batched.Select(b => b ? (int?)0 : null)]);
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var actual = session.Compile(inputs, outputs).Run(fed);
        for (var e = 0; e < expected.Length; e++)
            for (var o = 0; o < actual.Count; o++)
            {
                var one = expected[e][o];
                Assert.Equal(Shape.Of(2).Append(one.Shape.Dimensions), actual[o].Shape);
                var (wanted, all) = (Elements.Doubles(one), Elements.Doubles(actual[o]));
                var precision = one.Type switch { DType.Float64 => 1e-10, DType.Float32 => 1e-5, DType.Float16 or DType.BFloat16 => 1e-2, _ => 0 };
                for (var i = 0; i < wanted.Length; i++)
                {
                    var got = all[e * wanted.Length + i];
                    Assert.True(got.Equals(wanted[i]) || Math.Abs(got - wanted[i]) <= precision * Math.Max(1, Math.Abs(wanted[i])), $"output {o} of example {e}: element {i} is {got}, not {wanted[i]}.");
                }
            }
    }

    /// <summary>
    /// Another example and its results: fractions by a factor below 1, integers turned round along the first dimension. The same one again where that
    /// leaves what the operation takes.
    /// </summary>
    private static (Tensor[] Inputs, IReadOnlyList<Tensor> Results) Another(Probe probe, bool[] batched, IReadOnlyList<Tensor> first)
    {
        Tensor[] inputs = [.. probe.Inputs.Select((x, i) => batched[i] ? Varied(x) : x)];
        try { return (inputs, (probe with { Inputs = inputs }).Run()); }
        catch (DunlinException) { return (probe.Inputs, first); }
    }

    private static Tensor Varied(Tensor x)
    {
        if (x.Type.IsFloat()) return Evaluate.Of(v => v[0] * 0.9375, x);
        return x.Shape.Rank == 0 || x.Type == DType.Bool ? x : Evaluate.Of(v => v[0].Roll(1, 0), x);
    }
}
