using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>Rewrites a plan's graph into one that computes the same with less work.</summary>
internal interface IPlanPass
{
    /// <summary>The name by which a session can leave it out.</summary>
    string Name { get; }

    /// <summary>Rewrites in place.</summary>
    void Run(PlanGraph graph);
}

/// <summary>The passes in the order in which they run.</summary>
internal static class PlanPasses
{
    public static IReadOnlyList<IPlanPass> All { get; } = [new Simplify(), new FoldConstants(), new MergeCommon(), new MergeLoops(), new RectifyPooled(), new TrimOperands(), new FuseEpilogues(), new FuseBiasGradients(),
        new MixedPrecision(), new FuseElementwise(), new FuseUpdates()];

    /// <summary>Runs all but the disabled ones, and drops what nothing needs any more.</summary>
    public static void Run(PlanGraph graph, PlanResources resources)
    {
        graph.Precision = resources.Precision;
        CollectiveTurns.Link(graph);
        foreach (var pass in All)
            if (!resources.DisabledPasses.Contains(pass.Name)) pass.Run(graph);
        graph.Prune([.. graph.Nodes.Where(n => n.Operation.IsStateful)]);
    }
}
