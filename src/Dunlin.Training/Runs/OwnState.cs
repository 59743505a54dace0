using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Training;

/// <summary>
/// Variables that each worker has for itself, such as what it has not sent of its gradients. A checkpoint holds those of all workers; a run that goes on with another number of workers begins with zeros.
/// </summary>
public static class OwnState
{
    private const string Prefix = "worker/";

    /// <summary>Makes one, of zeros at first, not trained.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Its name, which all workers give to theirs.</param>
    /// <param name="type">Element type and shape.</param>
    public static Variable Add(Graph graph, string name, TensorType type) => graph.AddVariable(Prefix + name, type.Type, type.Shape, Initializers.Zeros, trainable: false);

    internal static bool Owns(Variable variable) => variable.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Sends every worker's variables to worker 0. All workers call.</summary>
    /// <returns>On worker 0 a group of tensors for each worker, for a checkpoint; none on others, and none where there are no such variables.</returns>
    internal static IEnumerable<(string Group, IReadOnlyDictionary<string, Tensor> Tensors)> Gather(Session session, ICommunicator communicator)
    {
        Variable[] own = [.. session.Graph.Variables.Where(Owns)];
        var groups = new List<(string, IReadOnlyDictionary<string, Tensor>)>();
        if (own.Length == 0) return groups;
        if (communicator.Rank != 0)
        {
            foreach (var variable in own) communicator.Send(session.Storage(variable), 0);
            return groups;
        }
        for (var rank = 0; rank < communicator.Size; rank++)
        {
            var tensors = new Dictionary<string, Tensor>();
            foreach (var variable in own)
            {
                var tensor = tensors[variable.Name] = rank == 0 ? session.Storage(variable) : Tensor.Uninitialized(variable.TensorType.Type, variable.TensorType.Shape);
                if (rank > 0) communicator.Receive(tensor, rank);
            }
            groups.Add((GroupOf(rank), tensors));
        }
        return groups;
    }

    /// <summary>Loads this worker's variables.</summary>
    /// <returns>Whether they are what they were: false where the checkpoint is of another number of workers, or of a run without such variables.</returns>
    internal static bool Load(Session session, Checkpoint checkpoint, ICommunicator communicator)
    {
        Variable[] own = [.. session.Graph.Variables.Where(Owns)];
        if (own.Length == 0) return true;
        var saved = 0;
        while (checkpoint.Has(GroupOf(saved))) saved++;
        if (saved != communicator.Size) return false;
        Variables.Load(session, own.Select(v => (v.Name, v)), checkpoint.Load(GroupOf(communicator.Rank)), checkpoint.Directory);
        return true;
    }

    private static string GroupOf(int rank) => $"worker-{rank:0000}";
}
