using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>Cuts from a loop the states and stacked values that nothing depends on. Its shapes do not change from iteration to iteration.</summary>
internal static class LoopTrim
{
    /// <summary>The smaller loop.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="used">For each output, whether anything reads it.</param>
    /// <returns>The loop, and which inputs and outputs it has left.</returns>
    public static (Loop Loop, IReadOnlyList<int> Inputs, IReadOnlyList<int> Outputs) Of(Loop loop, bool[] used)
    {
        var (body, first) = (loop.Body, loop.FirstState);
        int[] stacked = [.. Enumerable.Range(0, loop.Stacked.Count).Where(k => used[loop.States + k])];
        var live = Enumerable.Range(0, loop.States).Select(s => used[s]).ToArray();
        var present = Reach(loop, live, stacked);
        int[] states = [.. Enumerable.Range(0, loop.States).Where(s => live[s])];
        // One scanned input at least gives the number of iterations.
        int[] scanned = [.. Enumerable.Range(loop.States, loop.Scanned).Where(p => present.Contains(body.Parameters[p]) || loop.Trips == Trips.While)];
        if (scanned.Length == 0 && loop.Scanned > 0) scanned = [loop.States];
        // Of a state without elements there may be the shape, which is that of its first elements.
        int[] captured = [.. Enumerable.Range(loop.States + loop.Scanned, body.Parameters.Count - loop.States - loop.Scanned)
            .Concat(Enumerable.Range(0, loop.States).Where(s => !live[s])).Where(p => present.Contains(body.Parameters[p]))];
        int[] parameters = [.. states, .. scanned, .. captured];
        Body smaller = new(body.Graph, [.. parameters.Select(p => body.Parameters[p])],
            [.. body.Results.Take(loop.FirstResult), .. states.Select(s => body.Results[loop.FirstResult + s])]);
        var trimmed = loop with { Body = smaller, States = states.Length, Scanned = scanned.Length, Stacked = [.. stacked.Select(k => loop.Stacked[k])] };
        int[] count = loop.Trips == Trips.While ? [loop.CountOutput] : [];
        return (trimmed, [.. Enumerable.Range(0, first), .. parameters.Select(p => first + p)], [.. states, .. stacked.Select(k => loop.States + k), .. count]);
    }

    /// <summary>Marks the states that count, and finds the values that anything reads, if only for their shape.</summary>
    private static HashSet<Value> Reach(Loop loop, bool[] live, int[] stacked)
    {
        var body = loop.Body;
        while (true)
        {
            Value[] wanted = [.. body.Results.Take(loop.FirstResult), .. Enumerable.Range(0, loop.States).Where(s => live[s]).Select(s => body.Results[loop.FirstResult + s]), .. stacked.Select(k => loop.Stacked[k])];
            var nodes = PlanBuilder.Needed(body.Parameters.ToHashSet(), wanted, body.Effects).ToList();
            var read = nodes.SelectMany(n => n.Inputs.Where((_, i) => n.Operation.ReadsElements(i))).Concat(wanted).ToHashSet();
            var grown = false;
            for (var s = 0; s < loop.States; s++)
                if (!live[s] && read.Contains(body.Parameters[s])) live[s] = grown = true;
            if (!grown) return [.. nodes.SelectMany(n => n.Inputs), .. wanted];
        }
    }
}
