namespace Dunlin.Graphs.Plans;

/// <summary>A kernel of a plan, as those see it who watch: what it does, for whom, and how much work that is. There is one object for each, for as long as the plan lives.</summary>
public sealed class PlanKernel
{
    internal PlanKernel(LoweredStep step)
    {
        (Node, Operation, Outputs, Flops, IsCommunication, Starts, Awaits) = (step.Name, step.Operation, step.OutputTypes, step.Work.Flops, step.Work.IsCommunication, step.Work.Starts, step.Work.Awaits);
        OutputBytes = [.. step.OutputTypes.Select((type, o) => step.Kernel.OutputLayout(o).Bytes(type))];
        LeastFlops = step.Kernel.Flops ?? step.Work.LeastFlops;
        Bytes = IsCommunication ? OutputBytes.Sum() : step.Work.BytesTouched ?? Moved(step);
    }

    /// <summary>The node that asked for it.</summary>
    public string Node { get; }

    /// <summary>What it does.</summary>
    public string Operation { get; }

    /// <summary>The outputs' types.</summary>
    public IReadOnlyList<TensorType> Outputs { get; }

    /// <summary>Bytes of memory of each output, in the layout that the kernel likes.</summary>
    public IReadOnlyList<long> OutputBytes { get; }

    /// <summary>The floating-point operations of one run; see <see cref="Dunlin.Graphs.Operation.Flops"/>. Those of a loop or branch are with the kernels of its body.</summary>
    public long Flops { get; }

    /// <summary>Those that this kernel can't leave out; see <see cref="Dunlin.Graphs.Operation.LeastFlops"/> and <see cref="Dunlin.Tensors.Kernels.Kernel.Flops"/>.</summary>
    public long LeastFlops { get; }

    /// <summary>Bytes of memory that one run reads and writes, each operand once, in the layouts that they have; of a collective those of its result.</summary>
    public long Bytes { get; }

    /// <summary>Whether it speaks with other ranks, and may wait for them.</summary>
    public bool IsCommunication { get; }

    /// <summary>The number of a collective that goes on when the kernel has run, until the one that has this number in <see cref="Awaits"/> has; null for most.</summary>
    public int? Starts { get; }

    /// <inheritdoc cref="Starts"/>
    public int? Awaits { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Operation} ({Node}) -> {string.Join(", ", Outputs)}";

    private static long Moved(LoweredStep step)
    {
        // What lies where it belongs already is not copied.
        if (step.Kernel is IPacks or Ops.CopyKernel)
            return 2 * step.Inputs.Where(i => i.Root != step.Outputs[0].Root).Sum(i => i.Bytes);
        return step.Inputs.Distinct().Sum(i => i.Bytes) + step.Outputs.Sum(o => o.Bytes);
    }
}
