using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>Computes equal operations on equal operands once (common sub-expressions).</summary>
internal sealed class MergeCommon : IPlanPass
{
    public string Name => "merge-common";

    public void Run(PlanGraph graph)
    {
        var rewriting = new Rewriting(graph);
        var seen = new Dictionary<Computation, PlanNode>();
        var constants = new List<PlanValue>();
        foreach (var node in rewriting.Nodes())
        {
            for (var i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i].Constant is { Bytes: <= 64 }) node.Inputs[i] = Shared(constants, node.Inputs[i]);
            if (node.Operation.IsStateful || node.After.Count > 0) continue;
            if (seen.TryAdd(new(node), node)) continue;
            var twin = seen[new(node)];
            rewriting.Remove(node, twin);
            for (var o = 0; o < node.Outputs.Count; o++) rewriting.Replace(node.Outputs[o], twin.Outputs[o]);
        }
    }

    private static PlanValue Shared(List<PlanValue> constants, PlanValue value)
    {
        var equal = constants.Find(c => c.Type == value.Type && c.Constant!.RawBytes.SequenceEqual(value.Constant!.RawBytes));
        if (equal is null) constants.Add(value);
        return equal ?? value;
    }

    /// <summary>An operation on operands, compared by those.</summary>
    private readonly struct Computation(PlanNode node) : IEquatable<Computation>
    {
        private readonly PlanNode _node = node;

        public bool Equals(Computation other) => _node.Operation.Equals(other._node.Operation) && _node.Inputs.SequenceEqual(other._node.Inputs);

        public override bool Equals(object? obj) => obj is Computation other && Equals(other);

        public override int GetHashCode() => _node.Inputs.Aggregate(_node.Operation.GetHashCode(), HashCode.Combine);
    }
}
