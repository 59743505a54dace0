using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>What an operation says of the work of its kernel.</summary>
/// <param name="Flops">See <see cref="Operation.Flops"/>.</param>
/// <param name="LeastFlops">See <see cref="Operation.LeastFlops"/>.</param>
/// <param name="BytesTouched">See <see cref="Operation.BytesTouched"/>.</param>
/// <param name="Starts">The number of the collective that it starts, to be awaited by another kernel.</param>
/// <param name="Awaits">The number of the collective that it waits for.</param>
/// <param name="IsCommunication">Whether it speaks with other ranks.</param>
internal readonly record struct KernelWork(long Flops, long LeastFlops, long? BytesTouched, int? Starts, int? Awaits, bool IsCommunication)
{
    /// <summary>Whoever runs bodies does nothing itself: the kernels of the bodies do, and are counted where they run.</summary>
    public static KernelWork Of(Operation operation, Kernel kernel, IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => kernel is IRunsBodies
        ? new(0, 0, 0, null, null, false)
        : new(operation.Flops(inputs, outputs), operation.LeastFlops(inputs, outputs), operation.BytesTouched(inputs, outputs), (operation as ICollectiveStart)?.Flight, (operation as ICollectiveWait)?.Flight,
            operation is ICollectiveStart or ICollectiveWait);
}

/// <summary>A kernel that runs bodies, so that who watches the plan can watch them too.</summary>
internal interface IRunsBodies
{
    /// <summary>The bodies.</summary>
    IReadOnlyList<Subroutine> Bodies { get; }
}
