using Dunlin.Tensors.Kernels.OneDnn.Abi26;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// Kernels of the oneDNN library, in float32. Whoever runs a kernel calls <see cref="ThreadTeam.Enter"/> on its thread first, as
/// preparing does here: the library looks up the number of threads when it plans the work and again when it runs.
/// </summary>
internal sealed class OneDnnKernels : IKernelSet
{
    private static readonly Lazy<OneDnnKernels?> LazyInstance = new(() => Library.Instance is { } library ? new OneDnnKernels(library) : null);

    private OneDnnKernels(Library library) => Description = $"oneDNN {library.Version} ({library.InstructionSet}, OpenMP threads)";

    /// <summary>The set, or null where the library is absent or of another version; <see cref="Problem"/> says which.</summary>
    public static OneDnnKernels? Instance => LazyInstance.Value;

    /// <summary>Why there is no set, in a sentence; null if there is one.</summary>
    public static string? Problem => Library.Problem;

    public string Name => "onednn";

    public string Description { get; }

    /// <summary>A team of one, too, is an OpenMP team: it keeps the library from starting threads of its own.</summary>
    public ThreadTeam CreateTeam(int size) => new OpenMpTeam(size);

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        OpenMp.Use(threads.Size);
        if (spec is ReorderSpec reorder) return ReorderPrimitive.Prepare(reorder, threads);
        if (spec.Type != DType.Float32) return null;
        return spec switch
        {
            MatMulSpec s => MatMulPrimitive.Prepare(s, threads),
            ConvForwardSpec s => ConvolutionPrimitives.PrepareForward(s, threads),
            ConvBackwardDataSpec s => ConvolutionPrimitives.PrepareBackwardData(s, threads),
            ConvBackwardWeightsSpec s => ConvolutionPrimitives.PrepareBackwardWeights(s, threads),
            PoolForwardSpec s => PoolingPrimitives.PrepareForward(s, First(offered), threads),
            PoolBackwardSpec s => PoolingPrimitives.PrepareBackward(s, offered, threads),
            BatchNormTrainSpec s => BatchNormPrimitives.PrepareTrain(s, First(offered), threads),
            BatchNormInferSpec s => BatchNormPrimitives.PrepareInfer(s, First(offered), threads),
            BatchNormBackwardSpec s => BatchNormPrimitives.PrepareBackward(s, First(offered), threads),
            LayerNormForwardSpec s => LayerNormPrimitives.PrepareForward(s, threads),
            LayerNormBackwardSpec s => LayerNormPrimitives.PrepareBackward(s, threads),
            SoftmaxForwardSpec s => SoftmaxPrimitives.PrepareForward(s, threads),
            SoftmaxBackwardSpec s => SoftmaxPrimitives.PrepareBackward(s, threads),
            _ => null,
        };
    }

    private static MemoryLayout First(IReadOnlyList<MemoryLayout> offered) => offered.Count == 0 ? MemoryLayout.Plain : offered[0];
}
