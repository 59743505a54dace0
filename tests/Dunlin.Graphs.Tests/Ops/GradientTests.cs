using Dunlin.Graphs.Ops;
using Dunlin.Testing;

namespace Dunlin.Graphs.Tests.Ops;

public class GradientTests
{
    public static TheoryData<string> Operations => [.. OperationCases.All.Select(c => c.Operation).Distinct()];

    [Theory, MemberData(nameof(Operations))]
    public void Gradients_agree_with_finite_differences(string operation)
    {
        foreach (var (index, check) in OperationCases.All.Index().Where(c => c.Item.Operation == operation))
        {
            // A square, so that the gradient depends on the inputs and its own gradient is not trivial.
            Value Squared(Graph graph, IReadOnlyList<Value> x) => check.Function(graph, x).Square();
            try
            {
                GradientCheck.Assert(check.Function, check.Inputs);
                if (check.Twice) GradientCheck.Assert(Squared, new GradientCheck.Options { SecondOrder = true }, check.Inputs);
            }
            catch (DunlinException e) { Assert.Fail($"Case {index} of {operation} ({string.Join(", ", check.Inputs.AsEnumerable())}): {e.Message}"); }
        }
    }

    [Fact]
    public void Every_operation_has_a_gradient_check_or_says_why_it_has_no_gradient()
    {
        var covered = OperationCases.All.Select(c => c.Operation).ToHashSet();
        // These need several ranks: see the tests of collectives. The gradient of random samples is that of their distribution: see its tests.
        string[] elsewhere = ["RandomGamma", "AllReduce", "Broadcast", "AllGather", "ReduceScatter"];
        Assert.Empty(OperationCases.Catalogue().Where(o => o.NoGradientReason is null && !covered.Contains(o.Key) && !elsewhere.Contains(o.Key)).Select(o => o.Key));
    }

    [Fact]
    public void Each_check_contains_the_operation_that_it_is_listed_under()
    {
        foreach (var check in OperationCases.All)
        {
            var graph = new Graph();
            check.Function(graph, [.. check.Inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))]);
            Assert.Contains(check.Operation, graph.Nodes.Select(n => OperationCases.Key(n.Operation)));
        }
    }

    [Fact]
    public void There_are_at_least_110_operations_with_names_of_their_own()
    {
        var keys = OperationCases.Catalogue().Select(o => o.Key).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.True(keys.Count >= 110, $"There are {keys.Count}: {string.Join(" ", keys)}");
    }

    [Fact]
    public void A_wrong_gradient_is_reported_with_both_numbers()
    {
        var error = Assert.Throws<DunlinException>(() => GradientCheck.Assert((_, x) => x[0].StopGradient() * x[0], Numbers.Signed(3)));
        Assert.Contains("differences give", error.Message, StringComparison.Ordinal);
    }
}
