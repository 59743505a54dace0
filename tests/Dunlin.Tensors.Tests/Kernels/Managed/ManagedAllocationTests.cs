using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.Managed;

public sealed unsafe class ManagedAllocationTests
{
    private static readonly ConvGeometry Conv = new([2, 4, 12, 12], [6, 2, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 2);
    private static readonly ConvGeometry Depthwise = new([2, 8, 33, 40], [8, 1, 3, 3], [2, 2], [1, 1], [1, 1], [1, 1], 8);
    private static readonly PoolGeometry Pool = new([2, 4, 12, 12], [2, 2], [2, 2], [0, 0], [0, 0]);

    private static readonly AttentionGeometry Attention = new([3, 100, 16], [3, 130, 16], [3, 130, 8], 0.25, Causal: true) { Mask = [100, 130] };

    public static TheoryData<KernelSpec> Specs =>
    [
        new MatMulSpec(DType.Float32, 2, 70, 80, 90, TransposeB: true, Bias: true),
        new ConvForwardSpec(DType.Float32, Conv, true, Activation.Relu),
        new ConvBackwardDataSpec(DType.Float32, Conv),
        new ConvBackwardWeightsSpec(DType.Float32, Conv, true),
        new PoolForwardSpec(DType.Float32, Pool, PoolKind.Max),
        new PoolBackwardSpec(DType.Float32, Pool, PoolKind.Max),
        new PoolForwardSpec(DType.Float32, Pool, PoolKind.AverageExcludingPadding),
        new PoolBackwardSpec(DType.Float32, Pool, PoolKind.AverageExcludingPadding),
        new BatchNormTrainSpec(DType.Float32, [20, 30, 40], 1e-5),
        new BatchNormInferSpec(DType.Float32, [20, 30, 40], 1e-5),
        new BatchNormBackwardSpec(DType.Float32, [20, 30, 40], 1e-5),
        new BatchNormTrainSpec(DType.Float32, [200, 300], 1e-5),
        new BatchNormInferSpec(DType.Float32, [200, 300], 1e-5),
        new BatchNormBackwardSpec(DType.Float32, [200, 300], 1e-5),
        new LayerNormForwardSpec(DType.Float32, 200, 300, 1e-5),
        new LayerNormBackwardSpec(DType.Float32, 200, 300, 1e-5),
        new SoftmaxForwardSpec(DType.Float32, 20, 300, 7, true),
        new SoftmaxBackwardSpec(DType.Float32, 200, 300, 1, false),
        new AttentionForwardSpec(DType.Float32, Attention),
        new AttentionBackwardSpec(DType.Float32, Attention),
        new AttentionMaskBackwardSpec(DType.Float32, Attention),
        new ConvForwardSpec(DType.Float32, Depthwise, true, Activation.Relu),
        new ConvBackwardDataSpec(DType.Float32, Depthwise),
        new ConvBackwardWeightsSpec(DType.Float32, Depthwise, true),
        new ReorderSpec(DType.Float32, [300, 300], MemoryLayout.Plain, MemoryLayout.Plain),
    ];

    [Theory, MemberData(nameof(Specs))]
    public void Running_allocates_nothing_on_the_managed_heap(KernelSpec spec)
    {
        using var team = new ManagedTeam(2);
        using var kernel = KernelRunner.Prepare(KernelSets.Managed, spec, team);
        var scratch = Tensor.Uninitialized(DType.UInt8, [(int)kernel.ScratchBytes]);
        Tensor[] tensors = [.. KernelOperands.Sample(spec), .. KernelOperands.Outputs(spec).Select(t => Tensor.Uninitialized(t.Type, t.Shape)), scratch];
        nint[] addresses = [.. tensors.Select(t => t.Address)];
        fixed (nint* buffers = addresses)
        {
            kernel.Run(buffers, team);
            var worker = new WorkerAllocations(kernel as IParallelWork);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 3; i++) kernel.Run(buffers, team);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            // The other threads run the same code; what they allocate shows when each is asked for its own count.
            team.Run(worker);
            Assert.Equal(0, worker.Bytes);
        }
        GC.KeepAlive(tensors);
    }

    private sealed class WorkerAllocations(IParallelWork? work) : IParallelWork
    {
        private long _bytes;

        public long Bytes => _bytes;

        public void Execute(int worker, int workers)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work?.Execute(worker, workers);
            Interlocked.Add(ref _bytes, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
