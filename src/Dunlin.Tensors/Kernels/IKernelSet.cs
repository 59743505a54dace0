namespace Dunlin.Tensors.Kernels;

/// <summary>A family of implementations of the heavy operations. Thread-safe.</summary>
public interface IKernelSet
{
    /// <summary>The name by which users choose it, such as <c>managed</c>.</summary>
    string Name { get; }

    /// <summary>One line for people: library, version, instruction set.</summary>
    string Description { get; }

    /// <summary>Whether it has instructions of this processor that multiply elements of a floating-point type, and need not convert them first.</summary>
    bool Multiplies(DType type);

    /// <summary>Starts threads of the kind that this set's kernels run on.</summary>
    /// <param name="size">At least 1.</param>
    ThreadTeam CreateTeam(int size);

    /// <summary>Prepares a kernel, or returns null where this set has none for the specification.</summary>
    /// <param name="spec">What to compute.</param>
    /// <param name="offered">The layouts in which the inputs are at hand: a hint; the kernel says in <see cref="Kernel.InputLayouts"/> what it wants.</param>
    /// <param name="threads">The team that will run it.</param>
    Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads);
}
