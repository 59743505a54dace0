namespace Dunlin.Graphs.Plans;

/// <summary>Watches a plan's kernels, for diagnostics and profiles.</summary>
public interface IStepObserver
{
    /// <summary>A kernel is about to run.</summary>
    void Before(int index, string node, string operation);

    /// <summary>A kernel has left one of its outputs.</summary>
    /// <param name="index">The kernel's place in the plan.</param>
    /// <param name="node">The node that asked for it.</param>
    /// <param name="operation">What it does.</param>
    /// <param name="type">The output's type.</param>
    /// <param name="address">Its elements, in the layout that the kernel likes.</param>
    /// <param name="bytes">Bytes of memory there.</param>
    void After(int index, string node, string operation, TensorType type, nint address, long bytes);
}
