namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>One version of the library's binary interface.</summary>
internal interface IOneDnnAbi
{
    /// <summary>The library's version, such as 2.6.3.</summary>
    string Version { get; }

    /// <summary>The widest instructions that it uses on this machine.</summary>
    string InstructionSet { get; }

    /// <inheritdoc cref="IKernelSet.TryPrepare"/>
    Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads);
}

/// <summary>
/// The library, made once for the whole process and living as long. What the versions have in common stands here and beside it; what depends on one of them is
/// abstract, and stands in that version's folder: how to describe memory, and how to ask for an implementation.
/// </summary>
/// <remarks>
/// The methods named after operations put an implementation's handle into their last argument, or return <see cref="Status.Unimplemented"/>; see
/// <see cref="PrimitiveDesc.Of"/>. Operands that are not there are <see cref="MemoryDesc.None"/>.
/// </remarks>
internal abstract class OneDnnAbi : IOneDnnAbi
{
    private readonly nint _attributes;
    private readonly nint _reluAttributes;

    /// <exception cref="DunlinException">The library does not work.</exception>
    protected OneDnnAbi(VersionInfo version)
    {
        Version = version.ToString();
        Native.Check(Native.dnnl_engine_create(out var engine, EngineKind.Cpu, 0), "creating the CPU engine", null);
        Engine = engine;
        _attributes = CreateAttributes(Activation.None);
        _reluAttributes = CreateAttributes(Activation.Relu);
    }

    public string Version { get; }

    public abstract string InstructionSet { get; }

    public nint Engine { get; }

    public Kernel? TryPrepare(KernelSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads) =>
        Primitives.PrimitiveChoice.TryPrepare(this, spec, offered, threads);

    /// <summary><see cref="IKernelSet.Multiplies"/>, of a 16-bit type.</summary>
    public bool Multiplies(DType type)
    {
        // AVX-512 BF16 and AVX-512 FP16 with all that they build on: bits of the same meaning in both versions.
        const int BFloat16 = 0xe7, Float16 = 0x1ef;
        var wanted = type == DType.BFloat16 ? BFloat16 : Float16;
        return (Native.dnnl_get_effective_cpu_isa() & wanted) == wanted;
    }

    /// <summary>Attributes with working memory given by us and the activation applied last.</summary>
    public nint AttributesFor(Activation activation) => activation == Activation.Relu ? _reluAttributes : _attributes;

    /// <summary>Row-major and contiguous.</summary>
    public MemoryDesc Plain(ReadOnlySpan<int> lengths, DataType type)
    {
        Span<long> strides = stackalloc long[lengths.Length];
        var stride = 1L;
        for (var i = lengths.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= lengths[i];
        }
        return Strided(lengths, strides, type);
    }

    /// <summary>With the given strides in elements.</summary>
    public abstract MemoryDesc Strided(ReadOnlySpan<int> lengths, ReadOnlySpan<long> strides, DataType type);

    /// <summary>To be laid out as the primitive likes.</summary>
    public abstract MemoryDesc Any(ReadOnlySpan<int> lengths, DataType type);

    /// <summary>
    /// A descriptor of such a form, which <see cref="MemoryForm.IsBlocked"/>; a plain one of the same lengths where the version can't say it.
    /// </summary>
    public abstract MemoryDesc Formed(MemoryForm form);

    /// <summary>A copy of a descriptor that belongs to the library.</summary>
    /// <param name="desc">Its address.</param>
    public abstract MemoryDesc Copy(nint desc);

    public abstract Status MatMul(MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes, out nint handle);

    public abstract Status ConvolutionForward(in Window window, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes,
        out nint handle);

    public abstract Status ConvolutionBackwardData(in Window window, MemoryDesc diffSrc, MemoryDesc weights, MemoryDesc diffDst, PrimitiveDesc forward,
        out nint handle);

    public abstract Status ConvolutionBackwardWeights(in Window window, MemoryDesc src, MemoryDesc diffWeights, MemoryDesc diffBias, MemoryDesc diffDst,
        PrimitiveDesc forward, out nint handle);

    public abstract Status PoolingForward(in Window window, AlgKind algorithm, MemoryDesc src, MemoryDesc dst, out nint handle);

    public abstract Status PoolingBackward(in Window window, AlgKind algorithm, MemoryDesc diffSrc, MemoryDesc diffDst, PrimitiveDesc forward, out nint handle);

    public abstract Status BatchNormForward(PropKind kind, MemoryDesc data, float epsilon, Statistics statistics, out nint handle);

    public abstract Status BatchNormBackward(MemoryDesc data, float epsilon, PrimitiveDesc forward, out nint handle);

    public abstract Status LayerNormForward(MemoryDesc data, MemoryDesc statistics, float epsilon, out nint handle);

    public abstract Status LayerNormBackward(MemoryDesc data, MemoryDesc statistics, float epsilon, PrimitiveDesc forward, out nint handle);

    public abstract Status LrnForward(PropKind kind, MemoryDesc data, LrnForwardSpec spec, out nint handle);

    public abstract Status LrnBackward(MemoryDesc data, LrnForwardSpec spec, PrimitiveDesc forward, out nint handle);

    public abstract Status SoftmaxForward(AlgKind algorithm, MemoryDesc data, int axis, out nint handle);

    public abstract Status SoftmaxBackward(AlgKind algorithm, MemoryDesc data, int axis, PrimitiveDesc forward, out nint handle);

    public Status Reorder(MemoryDesc from, MemoryDesc to, out nint handle) =>
        Native.dnnl_reorder_primitive_desc_create(out handle, from, Engine, to, Engine, _attributes);

    private protected abstract Status AppendRelu(nint postOps);

    private nint CreateAttributes(Activation activation)
    {
        const string Doing = "creating attributes";
        Native.Check(Native.dnnl_primitive_attr_create(out var attributes), Doing, null);
        Native.Check(Native.dnnl_primitive_attr_set_scratchpad_mode(attributes, ScratchpadMode.User), Doing, null);
        if (activation == Activation.None) return attributes;
        Native.Check(Native.dnnl_post_ops_create(out var postOps), Doing, null);
        Native.Check(AppendRelu(postOps), "adding ReLU as a post-operation", null);
        Native.Check(Native.dnnl_primitive_attr_set_post_ops(attributes, postOps), Doing, null);
        Native.Check(Native.dnnl_post_ops_destroy(postOps), Doing, null);
        return attributes;
    }
}
