using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Where a step is cut because some operations must be evaluated before the shapes of what follows are known: a first part of known
/// shapes, the operations that can be evaluated after it, and all the rest. Variables are written by the last part, so that every part reads
/// the elements from before the step.
/// </summary>
/// <param name="Evaluated">The operations to evaluate; what they read is computed by the first part.</param>
/// <param name="Frontier">What the first part computes for later ones.</param>
/// <param name="EarlyTargets">The targets that belong to the first part.</param>
/// <param name="LateTargets">The others.</param>
internal sealed record Stages(IReadOnlyList<Node> Evaluated, IReadOnlyList<Value> Frontier, IReadOnlyList<Value> EarlyTargets, IReadOnlyList<Value> LateTargets)
{
    /// <summary>Finds the cut, or null where every shape is known beforehand.</summary>
    public static Stages? Cut(StepRequest request, TensorType[] feedTypes)
    {
        var fed = request.Feeds.ToHashSet();
        var needed = PlanBuilder.Needed(fed, request.Fetches, Targets(request)).ToList();
        if (!needed.Any(n => n.Operation is IEvaluated)) return null;
        var types = new Dictionary<Value, TensorType>();
        for (var i = 0; i < request.Feeds.Count; i++) types[request.Feeds[i]] = feedTypes[i];
        var late = new HashSet<Node>();
        var evaluated = new List<Node>();
        foreach (var node in needed)
        {
            var waits = node.Inputs.Any(i => !fed.Contains(i) && late.Contains(i.Node)) || node.After.Any(late.Contains);
            if (!waits)
            {
                TensorType[] inputs = [.. node.Inputs.Select(i => types[i])];
                if (node.Operation is IEvaluated operation && operation.MustEvaluate(inputs)) evaluated.Add(node);
                else if (node.Operation.Writes is null)
                {
                    var outputs = PlanBuilder.Infer(node, inputs);
                    for (var o = 0; o < outputs.Length; o++) types.TryAdd(node.Outputs[o], outputs[o]);
                    continue;
                }
            }
            late.Add(node);
        }
        if (evaluated.Count == 0) return null;
        bool IsEarly(Value value) => !fed.Contains(value) && !late.Contains(value.Node) && value.Node.Operation is not Source;
        var frontier = late.Except(evaluated).SelectMany(n => n.Inputs.Concat(n.After.SelectMany(a => a.Outputs))).Concat(request.Fetches).Where(IsEarly).Distinct();
        var targets = request.Targets.ToLookup(t => late.Contains(t.Node));
        return new(evaluated, [.. frontier], [.. targets[false]], [.. targets[true]]);
    }

    /// <summary>The nodes of the targets that are not fed.</summary>
    public static IEnumerable<Node> Targets(StepRequest request) => request.Targets.Where(t => !request.Feeds.Contains(t)).Select(t => t.Node);
}
