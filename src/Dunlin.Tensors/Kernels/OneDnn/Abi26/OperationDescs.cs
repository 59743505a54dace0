namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

// The library fills these; we give them room of the right size and pass them on.
#pragma warning disable CS0169, CS0649, IDE0051

/// <summary>dnnl_convolution_desc_t.</summary>
internal struct ConvolutionDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public AlgKind AlgKind;
    public MemoryDesc Src;
    public MemoryDesc DiffSrc;
    public MemoryDesc Weights;
    public MemoryDesc DiffWeights;
    public MemoryDesc Bias;
    public MemoryDesc DiffBias;
    public MemoryDesc Dst;
    public MemoryDesc DiffDst;
    public Dims Strides;
    public Dims Dilates;
    public Dims PaddingBegin;
    public Dims PaddingEnd;
    public DataType Accumulator;
}

/// <summary>dnnl_pooling_desc_t.</summary>
internal struct PoolingDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public AlgKind AlgKind;
    public MemoryDesc Src;
    public MemoryDesc DiffSrc;
    public MemoryDesc Dst;
    public MemoryDesc DiffDst;
    public Dims Strides;
    public Dims Kernel;
    public Dims PaddingBegin;
    public Dims PaddingEnd;
    public DataType Accumulator;
}

/// <summary>dnnl_matmul_desc_t.</summary>
internal struct MatMulDesc
{
    public int PrimitiveKind;
    public MemoryDesc Src;
    public MemoryDesc Weights;
    public MemoryDesc Bias;
    public MemoryDesc Dst;
    public DataType Accumulator;
}

/// <summary>dnnl_softmax_v2_desc_t.</summary>
internal struct SoftmaxDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public MemoryDesc Src;
    public MemoryDesc DiffSrc;
    public int Axis;
    public AlgKind AlgKind;
    public MemoryDesc Dst;
    public MemoryDesc DiffDst;
}

/// <summary>dnnl_lrn_desc_t.</summary>
internal struct LrnDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public AlgKind AlgKind;
    public MemoryDesc Data;
    public MemoryDesc DiffData;
    public long Size;
    public float Alpha;
    public float Beta;
    public float K;
}

/// <summary>dnnl_batch_normalization_desc_t and dnnl_layer_normalization_desc_t, which have the same members.</summary>
internal struct NormalizationDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public MemoryDesc Data;
    public MemoryDesc DiffData;
    public MemoryDesc ScaleShift;
    public MemoryDesc DiffScaleShift;
    public MemoryDesc Statistics;
    public float Epsilon;
    public NormalizationFlags Flags;
}

/// <summary>dnnl_exec_arg_t.</summary>
internal struct ExecArg
{
    public Arg Arg;
    public nint Memory;
}

/// <summary>dnnl_version_t.</summary>
internal struct VersionInfo
{
    public int Major;
    public int Minor;
    public int Patch;
    public nint Hash;
    public uint CpuRuntime;
    public uint GpuRuntime;
}
