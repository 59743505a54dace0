namespace Dunlin.Graphs.Plans;

/// <summary>
/// Gives every intermediate value its place in one block of memory, ahead of time: values that are never alive together may share
/// a place, and a kernel that can overwrite an operand nobody else needs does so.
/// </summary>
internal static class ArenaLayout
{
    private const long Alignment = 64;

    /// <summary>Sets the storages' offsets.</summary>
    /// <param name="steps">The kernels.</param>
    /// <param name="apart">Whether what ranks exchange lies in a block of its own.</param>
    /// <returns>Bytes of the arena, and of that block.</returns>
    public static (long Arena, long Exchanged) Assign(IReadOnlyList<LoweredStep> steps, bool apart)
    {
        for (var s = 0; s < steps.Count; s++) ShareInPlace(steps[s], s);
        if (apart)
            foreach (var step in steps.Where(s => s.IsExchange))
                foreach (var storage in step.Inputs.Concat(step.Outputs).Where(s => s.Root.IsInArena)) storage.Root.IsExchanged = true;
        var roots = steps.SelectMany(s => s.Inputs.Concat(s.Outputs).Append(s.Scratch!)).Where(s => s is { IsInArena: true })
            .Select(s => s.Root).Where(s => s.IsInArena).Distinct().ToLookup(s => s.IsExchanged);
        return (Pack(roots[false]), Pack(roots[true]));
    }

    /// <summary>
    /// Large blocks first, each at the lowest place that is free during its whole life (greedy by size: Pisarchyk and Lee, "Efficient
    /// memory management for deep neural net inference", 2020).
    /// </summary>
    private static long Pack(IEnumerable<Storage> blocks)
    {
        var placed = new List<Storage>();
        var total = 0L;
        foreach (var block in blocks.OrderByDescending(b => b.Bytes).ThenBy(b => b.First))
        {
            var offset = 0L;
            foreach (var other in placed.Where(p => p.First <= block.Last && block.First <= p.Last).OrderBy(p => p.Offset))
            {
                if (other.Offset - offset >= block.Bytes) break;
                offset = Math.Max(offset, (other.Offset + other.Bytes + Alignment - 1) & -Alignment);
            }
            block.Offset = offset;
            placed.Add(block);
            total = Math.Max(total, offset + block.Bytes);
        }
        return (total + Alignment - 1) & -Alignment;
    }

    private static void ShareInPlace(LoweredStep step, int index)
    {
        for (var o = 0; o < step.Outputs.Length; o++)
        {
            var output = step.Outputs[o];
            for (var i = 0; i < step.Inputs.Length && CanMove(output) && output.First == index; i++)
            {
                var input = step.Inputs[i];
                if (input.Root is { IsInArena: true } root && root.Last == index && root.First < index && input.RootOffset == 0 && input.Bytes == root.Bytes && root.Bytes == output.Bytes
                    && step.Kernel.CanOverwrite(i, o) && !step.Outputs.Any(other => other.Root == root)
                    && step.Inputs.Where((other, j) => j != i && other.Root == root).All(_ => false))
                    output.MoveInto(root, 0);
            }
            // An operand with a fixed place in the output is best computed there: then there is nothing to copy.
            for (var i = 0; i < step.Inputs.Length; i++)
                if (step.Kernel is IPacks packs && output.Root.IsInArena && step.Inputs[i] is { IsInArena: true, Parent: null } part && part.Last == index && part.First < index
                    && part.Bytes == packs.PartBytes(i) && step.Inputs.Count(other => other.Root == part) == 1)
                    part.MoveInto(output, packs.PartOffset(i));
        }
    }

    private static bool CanMove(Storage storage) => storage is { IsInArena: true, Parent: null };
}

/// <summary>A kernel that puts its inputs side by side in its output and copies none that lies there already.</summary>
internal interface IPacks
{
    /// <summary>Where input i goes.</summary>
    long PartOffset(int input);

    /// <summary>Bytes of input i.</summary>
    long PartBytes(int input);
}
