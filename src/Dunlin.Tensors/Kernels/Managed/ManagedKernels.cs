using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Kernels in plain .NET for Float32 and Float64. They take and leave plain layouts only.</summary>
/// <param name="direct">Whether all convolutions are direct sums.</param>
internal sealed class ManagedKernels(bool direct) : IKernelSet
{
    public string Name => direct ? "managed-direct" : "managed";

    public string Description => $"managed .NET kernels, {Environment.Version}, {Bits}-bit vectors{(direct ? ", direct convolutions" : "")}";

    /// <summary>
    /// Whether products use 512 bits. The instruction set is asked as well as <see cref="Vector512.IsHardwareAccelerated"/>, which is false on processors that lower their clock for wide
    /// vectors: nothing but such vectors runs there for long, and they still do half as much again.
    /// </summary>
    public static bool HasVector512 => Avx512F.IsSupported || Vector512.IsHardwareAccelerated;

    private static int Bits => HasVector512 ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    public bool Multiplies(DType type) => type is DType.Float32 or DType.Float64;

    public ThreadTeam CreateTeam(int size) => size == 1 ? ThreadTeam.Single : new ManagedTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) => PanelProductKernel.TryPrepare(spec, threads.Size) ?? spec switch
    {
        ReorderSpec s => s.From.Equals(MemoryLayout.Plain) && s.To.Equals(MemoryLayout.Plain) ? new CopyKernel(new TensorType(s.Type, s.Shape).Bytes) : null,
        { Type: DType.Float32 } => (direct ? null : Winograd.TryPrepare(spec, rival: 1, _ => MemoryLayout.Plain, threads.Size)) ?? Prepare<float>(spec, threads.Size),
        { Type: DType.Float64 } => Prepare<double>(spec, threads.Size),
        _ => null,
    };

    private static Kernel? Prepare<T>(KernelSpec spec, int threads) where T : unmanaged, IFloatingPointIeee754<T> => spec switch
    {
        MatMulSpec s => new MatMulKernel<T>(s, threads),
        ConvForwardSpec s when Depthwise.Suits(s.Geometry) => Depthwise.Forward<T>(s, threads),
        ConvBackwardDataSpec s when Depthwise.Suits(s.Geometry) => Depthwise.BackwardData<T>(s, threads),
        ConvBackwardWeightsSpec s when Depthwise.Suits(s.Geometry) => Depthwise.BackwardWeights<T>(s, threads),
        ConvForwardSpec s => new ConvForwardKernel<T>(s, threads),
        ConvBackwardDataSpec s => new ConvBackwardDataKernel<T>(s, threads),
        ConvBackwardWeightsSpec s => new ConvBackwardWeightsKernel<T>(s, threads),
        ExtractPatchesSpec s => new PatchesKernel<T>(s.Geometry, fold: false),
        FoldPatchesSpec s => new PatchesKernel<T>(s.Geometry, fold: true),
        PoolForwardSpec { Kind: PoolKind.Max, Geometry.WorkspaceType: DType.UInt8 } s => new MaxPoolForwardKernel<T, byte>(new(s.Geometry), threads),
        PoolForwardSpec { Kind: PoolKind.Max } s => new MaxPoolForwardKernel<T, int>(new(s.Geometry), threads),
        PoolForwardSpec s => new AveragePoolForwardKernel<T>(new(s.Geometry), s.Kind, threads),
        PoolBackwardSpec { Kind: PoolKind.Max, Geometry.WorkspaceType: DType.UInt8 } s => new MaxPoolBackwardKernel<T, byte>(new(s.Geometry)),
        PoolBackwardSpec { Kind: PoolKind.Max } s => new MaxPoolBackwardKernel<T, int>(new(s.Geometry)),
        PoolBackwardSpec s => new AveragePoolBackwardKernel<T>(new(s.Geometry), s.Kind),
        BatchNormTrainSpec { Input.Rank: 2 } s => new FeatureNormTrainKernel<T>(new(s.Input, s.Epsilon)),
        BatchNormInferSpec { Input.Rank: 2 } s => new FeatureNormInferKernel<T>(new(s.Input, s.Epsilon)),
        BatchNormBackwardSpec { Input.Rank: 2 } s => new FeatureNormBackwardKernel<T>(new(s.Input, s.Epsilon)),
        BatchNormTrainSpec s => new BatchNormTrainKernel<T>(new(s.Input, s.Epsilon)),
        BatchNormInferSpec s => new BatchNormInferKernel<T>(new(s.Input, s.Epsilon)),
        BatchNormBackwardSpec s => new BatchNormBackwardKernel<T>(new(s.Input, s.Epsilon)),
        LayerNormForwardSpec s => new LayerNormForwardKernel<T>(s),
        LayerNormBackwardSpec s => new LayerNormBackwardKernel<T>(s),
        GroupNormForwardSpec s => new GroupNormForwardKernel<T>(new(s.Input, s.Groups, s.Epsilon)),
        GroupNormBackwardSpec s => new GroupNormBackwardKernel<T>(new(s.Input, s.Groups, s.Epsilon)),
        RmsNormForwardSpec s => new RmsNormForwardKernel<T>(s),
        RmsNormBackwardSpec s => new RmsNormBackwardKernel<T>(s),
        LrnForwardSpec s => new LrnForwardKernel<T>(s, threads),
        LrnBackwardSpec s => new LrnBackwardKernel<T>(s, threads),
        AttentionForwardSpec s => new AttentionForwardKernel<T>(s, threads),
        AttentionBackwardSpec s => new AttentionBackwardKernel<T>(s, threads),
        AttentionMaskBackwardSpec s => new AttentionMaskBackwardKernel<T>(s, threads),
        SoftmaxForwardSpec s => new SoftmaxForwardKernel<T>(s, threads),
        SoftmaxBackwardSpec s => new SoftmaxBackwardKernel<T>(s, threads),
        _ => null,
    };
}
