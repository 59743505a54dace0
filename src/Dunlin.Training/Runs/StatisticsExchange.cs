using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>Makes the variables that every worker changes by its own examples the same on all workers, before others look at them.</summary>
internal static class StatisticsExchange
{
    /// <summary>Exchanges them by what each is to the workers together.</summary>
    /// <param name="session">Holds the variables.</param>
    /// <param name="statistics">The variables.</param>
    /// <param name="communicator">All workers.</param>
    /// <param name="weight">This worker's part of the last batch.</param>
    public static void Run(Session session, IEnumerable<(Variable Variable, Agreement Agreement)> statistics, ICommunicator communicator, double weight)
    {
        foreach (var (variable, agreement) in statistics)
        {
            var storage = session.Storage(variable);
            if (agreement == Agreement.First) communicator.Broadcast(storage, 0);
            else if (agreement == Agreement.Mean) Average(storage, communicator, weight);
        }
    }

    /// <summary>Σ weight · x over the workers, whose weights add up to 1; in double precision.</summary>
    private static void Average(Tensor tensor, ICommunicator communicator, double weight)
    {
        var sum = Tensor.From([.. Elements.Read(tensor).Select(x => weight > 0 ? weight * x : 0)]);
        communicator.AllReduce(sum);
        Elements.Write(tensor, 0, sum.ToArray<double>());
    }
}
