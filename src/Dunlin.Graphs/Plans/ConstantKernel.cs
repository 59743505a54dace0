using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>Writes a tensor that is known when the plan is made.</summary>
/// <param name="tensor">What to write.</param>
/// <param name="inputs">The number of inputs, which are passed over.</param>
internal sealed unsafe class ConstantKernel(Tensor tensor, int inputs) : Kernel
{
    public override void Run(nint* buffers, ThreadTeam threads) =>
        Buffer.MemoryCopy((void*)tensor.Address, (void*)buffers[inputs], tensor.Bytes, tensor.Bytes);
}
