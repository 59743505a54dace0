namespace Dunlin.Graphs.Plans;

/// <summary>What lies in a plan's arena when most of it is in use.</summary>
/// <param name="During">The operation that runs then, with its node.</param>
/// <param name="LiveBytes">Bytes in use then: the sum of those of <paramref name="Entries"/>.</param>
/// <param name="ArenaBytes">Bytes of the arena: more than are in use where places of unequal length can't be filled without gaps.</param>
/// <param name="Entries">What lies there, the largest first.</param>
public sealed record PeakMemory(string During, long LiveBytes, long ArenaBytes, IReadOnlyList<ArenaEntry> Entries)
{
    internal static PeakMemory Of(IReadOnlyList<LoweredStep> steps, long arenaBytes)
    {
        var blocks = steps.SelectMany(s => s.Inputs.Concat(s.Outputs).Append(s.Scratch!)).Where(s => s is { IsInArena: true })
            .Select(s => s.Root).Where(s => s.IsInArena && s.Bytes > 0).Distinct().ToList();
        var change = new long[steps.Count + 1];
        foreach (var block in blocks)
        {
            change[block.First] += block.Bytes;
            // What is fetched lives past the last step.
            if (block.Last < steps.Count) change[block.Last + 1] -= block.Bytes;
        }
        var (peak, most, live) = (0, 0L, 0L);
        for (var s = 0; s < steps.Count; s++)
        {
            live += change[s];
            if (live > most) (peak, most) = (s, live);
        }
        var writers = Writers(steps, peak);
        var entries = blocks.Where(b => b.First <= peak && peak <= b.Last).Select(b => Entry(steps[writers[b]], b)).OrderByDescending(e => e.Bytes).ToList();
        return new(steps.Count == 0 ? "" : $"{steps[peak].Operation} ({steps[peak].Name})", most, arenaBytes, entries);
    }

    /// <summary>For each place in the arena the last step until then that wrote to it: an output in place of an operand is the new owner.</summary>
    private static Dictionary<Storage, int> Writers(IReadOnlyList<LoweredStep> steps, int until)
    {
        var writers = new Dictionary<Storage, int>();
        for (var s = 0; s <= until; s++)
        {
            foreach (var output in steps[s].Outputs) writers[output.Root] = s;
            if (steps[s].Scratch is { } scratch) writers[scratch.Root] = s;
        }
        return writers;
    }

    private static ArenaEntry Entry(LoweredStep step, Storage block) => new(step.Name, step.Operation, block.Bytes, step.Scratch?.Root == block);
}

/// <summary>One piece of a plan's arena.</summary>
/// <param name="Node">The node whose output it is.</param>
/// <param name="Operation">What made it.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="IsScratch">Whether it is no output but the operation's working memory; that of a loop holds the values of its body.</param>
public sealed record ArenaEntry(string Node, string Operation, long Bytes, bool IsScratch);
