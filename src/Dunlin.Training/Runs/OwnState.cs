using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Training;

/// <summary>
/// Variables that each worker has for itself, such as what it has not sent of its gradients. A checkpoint holds those of all workers, each in a group that it writes itself; a run that goes on with another number of workers begins with zeros.
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

    /// <summary>All of a worker's, by name.</summary>
    internal static IReadOnlyList<(string Name, Variable Variable)> Of(Session session) => [.. session.Graph.Variables.Where(Owns).Select(v => (v.Name, v))];

    /// <summary>Loads this worker's variables.</summary>
    /// <returns>Whether they are what they were: false where the checkpoint is of another number of workers, or of a run without such variables.</returns>
    internal static bool Load(Session session, Checkpoint checkpoint, ICommunicator communicator)
    {
        var own = Of(session);
        if (own.Count == 0) return true;
        var saved = 0;
        while (checkpoint.Has(GroupOf(saved))) saved++;
        if (saved != communicator.Size) return false;
        using var tensors = checkpoint.Open(GroupOf(communicator.Rank));
        Variables.Load(session, own, tensors, checkpoint.Directory, communicator.Rank);
        return true;
    }

    /// <summary>A worker's group of tensors in a checkpoint.</summary>
    internal static string GroupOf(int rank) => $"worker-{rank:0000}";
}
