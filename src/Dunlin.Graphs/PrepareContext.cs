using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs;

/// <summary>What an operation needs to know to prepare its kernel for one plan.</summary>
public sealed class PrepareContext
{
    internal PrepareContext(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs, IReadOnlyList<MemoryLayout> layouts,
        IKernelSet kernels, ThreadTeam threads, Plans.PlanResources resources, bool keepPlain = false, string name = "")
    {
        Inputs = inputs;
        Outputs = outputs;
        Layouts = layouts;
        Kernels = kernels;
        Threads = threads;
        Resources = resources;
        KeepPlain = keepPlain;
        Name = name;
    }

    /// <summary>The inputs' types; all lengths are known.</summary>
    public IReadOnlyList<TensorType> Inputs { get; }

    /// <summary>The outputs' types.</summary>
    public IReadOnlyList<TensorType> Outputs { get; }

    /// <summary>The layouts in which the inputs are at hand.</summary>
    public IReadOnlyList<MemoryLayout> Layouts { get; }

    /// <summary>Where heavy kernels come from.</summary>
    public IKernelSet Kernels { get; }

    /// <summary>The threads that will run the kernel.</summary>
    public ThreadTeam Threads { get; }

    internal Plans.PlanResources Resources { get; }

    /// <summary>Of each input, whether many runs of the kernel find the same elements there.</summary>
    internal IReadOnlyList<bool> Lasting { get; init; } = [];

    /// <summary>Whether many runs of the kernel find the same elements in an input: then it may be wanted in a layout that takes time to make.</summary>
    internal bool IsLasting(int input) => input < Lasting.Count && Lasting[input];

    /// <summary>Whether the outputs had better be plain: they go to variables.</summary>
    internal bool KeepPlain { get; }

    /// <summary>The node's name, for messages.</summary>
    internal string Name { get; }

    /// <summary>The communicator along the named axis of the session's mesh.</summary>
    public ICommunicator Communicator(string axis) => Resources.Communicator(axis);

    /// <summary>
    /// A kernel of the session's set, or of the managed set where that has none. What neither has in 16 bits is computed in Float32.
    /// </summary>
    public Kernel Heavy(KernelSpec spec) => Heavy(spec, Inputs.Count);

    /// <summary>A kernel that reads the first <paramref name="inputs"/> of the operation's inputs only: the others are there for their shapes.</summary>
    public Kernel Heavy(KernelSpec spec, int inputs)
    {
        MemoryLayout[] layouts = [.. Layouts.Take(inputs)];
        var kernel = !spec.Type.IsHalf()
            ? Kernels.Prepare(spec, layouts, Threads)
            : Kernels.TryPrepare(spec, layouts, Threads)
            ?? Plans.WidenedKernel.Create([.. Inputs.Take(inputs)], Outputs, (_, _) => Plain(spec with { Type = DType.Float32 }));
        return inputs == Inputs.Count ? kernel : new Plans.LeadingInputs(kernel, inputs, Inputs.Count, Outputs.Count);
    }

    /// <summary>A kernel whose operands are all plain, as those that are widened are.</summary>
    private Kernel Plain(KernelSpec spec)
    {
        var kernel = Kernels.Prepare(spec, [], Threads);
        if (kernel.InputLayouts.Concat(kernel.OutputLayouts).All(layout => ReferenceEquals(layout, MemoryLayout.Plain))) return kernel;
        kernel.Dispose();
        return KernelSets.Managed.Prepare(spec, [], Threads);
    }
}
