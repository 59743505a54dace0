using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>
/// A model's weights of which each worker holds a piece. Layers see them whole: they are gathered, group by group, shortly before the forward pass needs them, and again before the backward
/// pass does, and are gone in between.
/// </summary>
internal sealed class ShardedWeights
{
    private readonly IShards _shards;
    private readonly Dictionary<Variable, Value> _wholes = [];
    private int? _turn;
    private readonly Dictionary<Value, (Group Group, int Place)> _groups = [];

    /// <summary>Makes the pieces and what is gathered of them, for layers to find.</summary>
    /// <param name="context">Builds the model, which has not been built there yet.</param>
    /// <param name="shards">How the workers meet.</param>
    /// <param name="whole">The weights, as the model makes them in another graph, in the order of their making.</param>
    public ShardedWeights(BuildContext context, IShards shards, IReadOnlyList<Variable> whole)
    {
        _shards = shards;
        var groups = shards.Groups([.. whole.Select(v => v.TensorType)]).OrderBy(g => g[0]).ToList();
        foreach (var places in groups)
        {
            Variable[] members = [.. places.Select(i => whole[i])];
            Cut[] cuts = [.. members.Select(v => new Cut(v.TensorType, shards.Ranks))];
            Variable[] pieces = [.. members.Select((v, i) => context.Graph.AddPiece(v.Name, cuts[i], new PieceOf(v.Initializer, cuts[i], shards.Rank), trainable: true))];
            var group = new Group(pieces, cuts);
            var gathered = Gather(group, context.Graph.Nodes.Count);
            for (var i = 0; i < members.Length; i++)
            {
                _wholes[pieces[i]] = gathered[i];
                // What the forward pass reads last, the backward pass reads first.
                if (places != groups[^1]) _groups[gathered[i]] = (group, i);
                context.Provide(Variable.Assembled(members[i].Name, members[i].Initializer, gathered[i]));
            }
        }
    }

    /// <summary>The whole of a piece, as the forward pass reads it; of another variable, its value.</summary>
    public Value WholeOf(Variable variable) => _wholes.GetValueOrDefault(variable, variable.Value);

    /// <summary>What the backward pass reads in place of what the forward pass has read.</summary>
    public Value Again(Value value)
    {
        if (!_groups.TryGetValue(value, out var found)) return value;
        if (found.Group.Again is null)
        {
            // Behind the one before it: it is under way while what that has brought is at work.
            var here = value.Graph.Nodes.Count;
            (found.Group.Again, _turn) = (Gather(found.Group, _turn ?? here), here);
        }
        return found.Group.Again[found.Place];
    }

    private IReadOnlyList<Value> Gather(Group group, int turn) => Operations.AllGatherTogether([.. group.Pieces.Select(p => p.Value)], group.Cuts, _shards.Axis, turn);

    /// <summary>Weights that travel together.</summary>
    private sealed class Group(IReadOnlyList<Variable> pieces, IReadOnlyList<Cut> cuts)
    {
        public IReadOnlyList<Variable> Pieces => pieces;

        public IReadOnlyList<Cut> Cuts => cuts;

        /// <summary>What is gathered for the backward pass; null until it comes to the first of them.</summary>
        public IReadOnlyList<Value>? Again { get; set; }
    }
}

/// <summary>Starts a piece as the whole would start.</summary>
/// <param name="Whole">The whole tensor's.</param>
/// <param name="Cut">How it is cut.</param>
/// <param name="Rank">Whose piece.</param>
internal sealed record PieceOf(Initializer Whole, Cut Cut, int Rank) : Initializer
{
    /// <inheritdoc/>
    public override void Fill(Dunlin.Tensors.Tensor target, ulong seed, ulong stream)
    {
        var whole = Dunlin.Tensors.Tensor.Uninitialized(Cut.Whole.Type, Cut.Whole.Shape);
        Whole.Fill(whole, seed, stream);
        Pieces.Take(whole, Cut, Rank, target);
    }
}
