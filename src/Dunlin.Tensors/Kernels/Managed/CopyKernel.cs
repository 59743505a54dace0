namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>A copy from the plain layout to itself.</summary>
internal sealed unsafe class CopyKernel(long bytes) : ManagedKernel(bytes / 16.0)
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(bytes, worker, workers, 4096);
        System.Buffer.MemoryCopy(Buffer<byte>(0) + begin, Buffer<byte>(1) + begin, end - begin, end - begin);
    }
}
