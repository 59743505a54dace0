namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

// The library fills these; we give them room of the right size and pass them on.
#pragma warning disable CS0169, CS0649, IDE0051

/// <summary>dnnl_convolution_desc_t.</summary>
internal struct ConvolutionDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public AlgKind AlgKind;
    public MemoryDescData Src;
    public MemoryDescData DiffSrc;
    public MemoryDescData Weights;
    public MemoryDescData DiffWeights;
    public MemoryDescData Bias;
    public MemoryDescData DiffBias;
    public MemoryDescData Dst;
    public MemoryDescData DiffDst;
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
    public MemoryDescData Src;
    public MemoryDescData DiffSrc;
    public MemoryDescData Dst;
    public MemoryDescData DiffDst;
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
    public MemoryDescData Src;
    public MemoryDescData Weights;
    public MemoryDescData Bias;
    public MemoryDescData Dst;
    public DataType Accumulator;
}

/// <summary>dnnl_softmax_v2_desc_t.</summary>
internal struct SoftmaxDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public MemoryDescData Src;
    public MemoryDescData DiffSrc;
    public int Axis;
    public AlgKind AlgKind;
    public MemoryDescData Dst;
    public MemoryDescData DiffDst;
}

/// <summary>dnnl_lrn_desc_t.</summary>
internal struct LrnDesc
{
    public int PrimitiveKind;
    public PropKind PropKind;
    public AlgKind AlgKind;
    public MemoryDescData Data;
    public MemoryDescData DiffData;
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
    public MemoryDescData Data;
    public MemoryDescData DiffData;
    public MemoryDescData ScaleShift;
    public MemoryDescData DiffScaleShift;
    public MemoryDescData Statistics;
    public float Epsilon;
    public uint Flags;
}
