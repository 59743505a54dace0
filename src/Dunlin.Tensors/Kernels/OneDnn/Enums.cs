namespace Dunlin.Tensors.Kernels.OneDnn;

// Numbers of dnnl_types.h that versions 2.6 and 3 share; only those in use. What differs stands in the versions' folders.

internal enum Status { Success = 0, OutOfMemory = 1, InvalidArguments = 2, Unimplemented = 3, IteratorEnds = 4, RuntimeError = 5, NotRequired = 6 }

internal enum DataType { Undefined = 0, Float16 = 1, BFloat16 = 2, Float32 = 3, Int32 = 4, UInt8 = 6 }

internal enum FormatTag { Any = 1 }

internal enum PropKind { ForwardTraining = 64, ForwardInference = 96, Backward = 128 }

internal enum AlgKind
{
    ConvolutionDirect = 0x1,
    PoolingMax = 0x1ff,
    PoolingAverageIncludePadding = 0x2ff,
    PoolingAverageExcludePadding = 0x3ff,
    LrnAcrossChannels = 0xaff,
    Softmax = 0x30000,
    LogSoftmax = 0x30001,
}

internal enum Query { InputCount = 3, ImplementationInfo = 8, ScratchpadMd = 136, ExecArgMd = 255 }

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

/// <summary>What a normalisation reads; it always scales and shifts, for which the versions have numbers of their own.</summary>
internal enum Statistics { OfTheBatch, Given }

internal static class DataTypes
{
    /// <summary>The library's name of an element type, or <see cref="DataType.Undefined"/> where it has none.</summary>
    public static DataType Of(DType type) => type switch
    {
        DType.Float32 => DataType.Float32,
        DType.BFloat16 => DataType.BFloat16,
        DType.Float16 => DataType.Float16,
        DType.Int32 => DataType.Int32,
        DType.UInt8 => DataType.UInt8,
        _ => DataType.Undefined,
    };
}
