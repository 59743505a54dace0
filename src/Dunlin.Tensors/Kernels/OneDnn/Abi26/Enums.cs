namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

// Numbers of dnnl_types.h, version 2.6; only those in use.

internal enum Status { Success = 0, OutOfMemory = 1, InvalidArguments = 2, Unimplemented = 3, IteratorEnds = 4, RuntimeError = 5, NotRequired = 6 }

internal enum DataType { Undefined = 0, BFloat16 = 2, Float32 = 3, Int32 = 4, UInt8 = 6 }

internal enum FormatKind { Undefined = 0, Any = 1, Blocked = 2, Winograd = 3, RnnPacked = 4 }

internal enum FormatTag { Any = 1 }

internal enum PropKind { ForwardTraining = 64, ForwardInference = 96, Backward = 128 }

internal enum AlgKind
{
    ConvolutionDirect = 0x1,
    Relu = 0x1f,
    PoolingMax = 0x1ff,
    PoolingAverageIncludePadding = 0x2ff,
    PoolingAverageExcludePadding = 0x3ff,
    LrnAcrossChannels = 0xaff,
    Softmax = 0x30000,
    LogSoftmax = 0x30001,
}

[Flags]
internal enum NormalizationFlags : uint { None = 0, UseGlobalStats = 1, UseScale = 8, UseShift = 16 }

internal enum Query { ScratchpadMd = 136, ExecArgMd = 255 }

internal enum EngineKind { Cpu = 1 }

internal enum ScratchpadMode { User = 1 }

/// <summary>Names of a primitive's operands when it is executed (DNNL_ARG_…).</summary>
internal enum Arg
{
    Src = 1,
    Dst = 17,
    Weights = 33,
    Bias = 41,
    Mean = 49,
    Variance = 50,
    Scale = 51,
    Shift = 52,
    Workspace = 64,
    Scratchpad = 80,
    DiffSrc = 129,
    DiffDst = 145,
    DiffWeights = 161,
    DiffBias = 169,
    DiffScale = 255,
    DiffShift = 256,
}
