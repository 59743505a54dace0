using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>Makes parameters of the gradients of one worker's examples: of the whole batch's gradients all, or this worker's pieces.</summary>
internal static class Exchange
{
    /// <summary>
    /// The parameters, in the order of the variables. Where workers share the update, dense gradients are cut into pieces; sparse ones are not, and every worker updates the touched rows.
    /// </summary>
    public static IReadOnlyList<Parameter> Parameters(IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, IWorker worker, WorkerShare share)
    {
        if (worker.Shards is not { } shards) return [.. learned.Zip(worker.Combine([.. learned.Select(l => l.Gradient)], share), (l, g) => new Parameter(l.Variable, g))];
        Cut? CutOf((Variable Variable, Gradient Gradient) l) => l.Variable.Cut ?? (l.Gradient.IsSparse ? null : new Cut(l.Variable.TensorType, shards.Ranks));
        var parameters = new Parameter[learned.Count];
        List<int> apart = [.. Enumerable.Range(0, learned.Count).Where(i => shards.Sharding > ShardingStage.OptimizerState && CutOf(learned[i]) is not null)];
        List<int> whole = [.. Enumerable.Range(0, learned.Count).Except(apart)];
        foreach (var (i, piece) in apart.Zip(shards.Scatter([.. apart.Select(i => learned[i].Gradient.Dense())])))
            parameters[i] = new(learned[i].Variable, piece, CutOf(learned[i])!, shards.Rank);
        foreach (var (i, gradient) in whole.Zip(worker.Combine([.. whole.Select(i => learned[i].Gradient)], share)))
            parameters[i] = CutOf(learned[i]) is { } cut ? new(learned[i].Variable, gradient.Dense().TakePiece(cut, shards.Rank), cut, shards.Rank) : new(learned[i].Variable, gradient);
        return parameters;
    }
}
