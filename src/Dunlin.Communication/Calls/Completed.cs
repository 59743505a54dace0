using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>An operation that was done when it was started, as those of a single rank are.</summary>
internal sealed class Completed : IPendingOperation
{
    public static Completed Operation { get; } = new();

    public bool IsCompleted => true;

    public void Wait() { }
}
