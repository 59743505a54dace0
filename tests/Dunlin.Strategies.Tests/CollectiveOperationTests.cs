using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Strategies.Tests;

/// <summary>
/// Collectives as operations of each rank's graph: what they compute, and their gradients, where the loss is the sum of all ranks' losses
/// and is differentiated numerically by changing one element of one rank.
/// </summary>
public class CollectiveOperationTests
{
    private const int Ranks = 3;

    public static TheoryData<string> Names => [.. Functions.Keys];

    private static Dictionary<string, Func<Value, Value>> Functions { get; } = new()
    {
        ["AllReduce"] = x => x.AllReduce("data"),
        ["Broadcast"] = x => x.Broadcast("data", root: 1),
        ["AllGather"] = x => x.AllGather("data", Ranks),
        ["ReduceScatter"] = x => x.ReduceScatter("data", Ranks),
    };

    [Theory, MemberData(nameof(Names))]
    public void Gradients_match_differences_of_the_total_loss(string name)
    {
        var inputs = Enumerable.Range(0, Ranks).Select(r => Numbers((uint)r)).ToArray();
        var gradients = Evaluate(Functions[name], inputs).Select(e => e.Gradient).ToArray();
        for (var rank = 0; rank < Ranks; rank++)
            for (var i = 0; i < inputs[rank].Length; i += 2)
            {
                const double Change = 1e-5;
                double Total(double by)
                {
                    var changed = inputs.Select(x => (double[])x.Clone()).ToArray();
                    changed[rank][i] += by;
                    return Evaluate(Functions[name], changed).Sum(e => e.Loss);
                }
                Assert.Equal((Total(Change) - Total(-Change)) / (2 * Change), gradients[rank][i], 1e-6);
            }
    }

    [Fact]
    public void Several_tensors_are_summed_by_one_collective()
    {
        var inputs = Enumerable.Range(0, Ranks).Select(r => Numbers((uint)r)).ToArray();
        var results = LocalRanks.Run(Ranks, communicator =>
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float64, [6]);
            var sums = Operations.AllReduceTogether([x * 1.5, x.Square(), x.Sum()], "data");
            using var session = Session(graph, communicator);
            return session.Run(sums, (x, Tensor.From(inputs[communicator.Rank]))).Select(t => t.ToArray<double>()).ToArray();
        });
        foreach (var result in results)
        {
            for (var i = 0; i < 6; i++)
            {
                Assert.Equal(inputs.Sum(x => x[i] * 1.5), result[0][i], 1e-12);
                Assert.Equal(inputs.Sum(x => x[i] * x[i]), result[1][i], 1e-12);
            }
            Assert.Equal(inputs.Sum(x => x.Sum()), result[2][0], 1e-12);
        }
    }

    [Fact]
    public void A_graph_with_a_collective_needs_a_communicator()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2]);
        using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1 });
        var error = Assert.Throws<DunlinException>(() => session.Run(x.AllReduce("pipe"), (x, Tensor.From([1.0, 2.0]))));
        Assert.Contains("'pipe'", error.Message, StringComparison.Ordinal);
    }

    private static (double Loss, double[] Gradient)[] Evaluate(Func<Value, Value> function, double[][] inputs) => LocalRanks.Run(Ranks, communicator =>
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [6]);
        var y = function(x);
        // Each rank weighs the results by numbers of its own, so that mixed-up ranks show.
        var weights = graph.Constant(Tensor.From(Enumerable.Range(0, y.Shape[0]).Select(i => Math.Sin(1 + i + 10 * communicator.Rank)).ToArray()));
        var loss = (y.Square() * weights).Sum();
        using var session = Session(graph, communicator);
        var results = session.Run([loss, Gradients.Of(loss, [x])[0]!.Dense()], (x, Tensor.From(inputs[communicator.Rank])));
        return (results[0].Item<double>(), results[1].ToArray<double>());
    });

    private static Session Session(Graph graph, ICommunicator communicator) =>
        new(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });

    private static double[] Numbers(uint stream)
    {
        var numbers = new double[6];
        Philox.FillNormal(numbers.AsSpan(), new PhiloxKey(9, stream));
        return numbers;
    }
}
