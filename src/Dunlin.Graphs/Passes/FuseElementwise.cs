using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Joins element-wise operations that feed each other and have equally many elements into one kernel that passes over memory once.
/// A group must be convex: nothing outside it may stand between two of its members.
/// </summary>
internal sealed class FuseElementwise : IPlanPass
{
    /// <summary>Keeps a group's tiles within the first-level cache.</summary>
    private const int LargestGroup = 24;

    public string Name => "fuse-elementwise";

    public void Run(PlanGraph graph)
    {
        var index = graph.Nodes.Select((node, i) => (node, i)).ToDictionary(p => p.node, p => p.i);
        var groups = new Dictionary<PlanNode, List<PlanNode>>();
        var spans = new Dictionary<List<PlanNode>, (int First, int Last)>();
        foreach (var node in graph.Nodes)
        {
            if (!CanFuse(node)) continue;
            var group = groups[node] = [node];
            foreach (var producer in ToJoin(node))
            {
                if (!groups.TryGetValue(producer, out var other) || other == group || other.Count + group.Count > LargestGroup) continue;
                if (producer.Outputs[0].Type.Shape != node.Outputs[0].Type.Shape) continue;
                List<PlanNode> union = [.. other, .. group];
                var (first, last) = (union.Min(n => index[n]), union.Max(n => index[n]));
                // Where no group reaches over the first member's place, nothing before it can wait for a member.
                var floor = spans.Any(s => s.Key != other && s.Key != group && s.Value.First < first && s.Value.Last >= first) ? 0 : first;
                if (!IsConvex(union, groups, n => index[n] < floor)) continue;
                spans.Remove(other);
                spans.Remove(group);
                spans[union] = (first, last);
                group = union;
                foreach (var member in union) groups[member] = union;
            }
        }
        foreach (var group in groups.Values.Distinct().Where(g => g.Count > 1)) Join(graph, [.. group.OrderBy(n => index[n])]);
        graph.Sort();
    }

    /// <summary>
    /// The producers to join an operation with. A cast from 16 bits to more goes to its reader, and not to its producer, which would write the wide elements to memory; through it, the reader
    /// may then be joined with that producer.
    /// </summary>
    private static IEnumerable<PlanNode> ToJoin(PlanNode node) => Widens(node) ? [] : node.Inputs.Select(i => i.Producer).OfType<PlanNode>()
        .SelectMany(p => Widens(p) && p.Inputs[0].Producer is { } source ? [p, source] : (PlanNode[])[p]).Distinct();

    private static bool Widens(PlanNode node) => node.Operation is Cast { To: DType.Float32 } && node.Inputs[0].Type.Type.IsHalf();

    private static bool CanFuse(PlanNode node) => node.Operation is Elementwise && node.After.Count == 0
        && node.InputTypes.All(i => FusedElementwise.Fits(i, node.Outputs[0].Type) && (i.Shape.ElementCount == 1 || i.Shape == node.Outputs[0].Type.Shape));

    /// <summary>
    /// Nothing that a member waits for may itself wait for a member. Groups made so far count as one node: each waits for all that its members wait for.
    /// </summary>
    private static bool IsConvex(List<PlanNode> union, Dictionary<PlanNode, List<PlanNode>> groups, Predicate<PlanNode> isBefore)
    {
        var members = union.ToHashSet();
        var seen = new HashSet<PlanNode>();
        var open = new Stack<PlanNode>(union.SelectMany(Before).Where(n => !members.Contains(n)));
        while (open.TryPop(out var node))
        {
            if (members.Contains(node)) return false;
            if (isBefore(node) || !seen.Add(node)) continue;
            foreach (var mate in groups.GetValueOrDefault(node) ?? [node])
                if (mate == node || seen.Add(mate))
                    foreach (var before in Before(mate)) open.Push(before);
        }
        return true;
    }

    private static IEnumerable<PlanNode> Before(PlanNode node) => node.Inputs.Select(v => v.Producer).OfType<PlanNode>().Concat(node.After);

    private static void Join(PlanGraph graph, List<PlanNode> group)
    {
        var inputs = group.SelectMany(n => n.Inputs).Where(v => v.Producer is null || !group.Contains(v.Producer)).Distinct().ToList();
        var place = new Dictionary<PlanValue, int>();
        foreach (var input in inputs) place[input] = place.Count;
        foreach (var node in group) place[node.Outputs[0]] = place.Count;
        var members = group.ToHashSet();
        var read = graph.Nodes.Where(n => !members.Contains(n)).SelectMany(n => n.Inputs).Concat(graph.Fetches).ToHashSet();
        int[] results = [.. Enumerable.Range(0, group.Count).Where(i => read.Contains(group[i].Outputs[0]))];
        if (results.Length == 0) results = [group.Count - 1]; // A group that is only waited for, or not at all.
        var fused = new FusedElementwise(
            [.. group.Select(n => new FusedElementwise.Step((Elementwise)n.Operation, [.. n.Inputs.Select(v => place[v])]))],
            inputs.Count, results, [.. group.Select(n => n.Outputs[0].Type)]);
        var joined = new PlanNode(fused, group[^1].Name, inputs, results.Select(r => group[r].Outputs[0].Type), group[^1].Order);
        graph.Nodes.RemoveAll(members.Contains);
        graph.Nodes.Add(joined);
        foreach (var node in group) graph.Bypass(node, joined);
        for (var o = 0; o < results.Length; o++) graph.Replace(group[results[o]].Outputs[0], joined.Outputs[o]);
    }
}
