using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Types and reductions as MPI knows them. What MPI has not (16-bit floats) or does otherwise (minima that lose NaN) are operations of our own.</summary>
internal sealed unsafe class MpiReductions
{
    private readonly MpiConstants _constants;
    private readonly Dictionary<(DType, ReduceOp), nint> _own = [];

    /// <summary>Registers our own operations with the library.</summary>
    public MpiReductions(MpiConstants constants)
    {
        _constants = constants;
        Add(DType.BFloat16, ReduceOp.Sum, &BFloat16Sum);
        Add(DType.BFloat16, ReduceOp.Product, &BFloat16Product);
        Add(DType.BFloat16, ReduceOp.Min, &BFloat16Min);
        Add(DType.BFloat16, ReduceOp.Max, &BFloat16Max);
        Add(DType.Float16, ReduceOp.Sum, &Float16Sum);
        Add(DType.Float16, ReduceOp.Product, &Float16Product);
        Add(DType.Float16, ReduceOp.Min, &Float16Min);
        Add(DType.Float16, ReduceOp.Max, &Float16Max);
        Add(DType.Float32, ReduceOp.Min, &Float32Min);
        Add(DType.Float32, ReduceOp.Max, &Float32Max);
        Add(DType.Float64, ReduceOp.Min, &Float64Min);
        Add(DType.Float64, ReduceOp.Max, &Float64Max);
    }

    /// <summary>The library's handle of an element type.</summary>
    public nint Type(DType type) => _constants.Types[(int)(type switch
    {
        DType.Float32 => MpiType.Float32,
        DType.Float64 => MpiType.Float64,
        DType.BFloat16 or DType.Float16 => MpiType.UInt16,
        DType.Int64 => MpiType.Int64,
        DType.Int32 => MpiType.Int32,
        DType.UInt8 or DType.Bool => MpiType.UInt8,
        _ => throw new CommunicationException($"{type} does not travel between processes."),
    })];

    /// <summary>The library's handle of a reduction.</summary>
    public nint Operation(DType type, ReduceOp op) => _own.TryGetValue((type, op), out var own) ? own
        : type == DType.Bool ? _constants.Operations[(int)(op is ReduceOp.Sum or ReduceOp.Max ? ReduceOp.Max : ReduceOp.Min)]
        : _constants.Operations[(int)op];

    private void Add(DType type, ReduceOp op, delegate* unmanaged[Cdecl]<void*, void*, int*, nint*, void> function)
    {
        nint handle = 0;
        MpiProcess.Check(MpiNative.MPI_Op_create(function, 1, ref handle), "MPI_Op_create");
        _own[(type, op)] = handle;
    }

    private static void Combine(DType type, ReduceOp op, void* input, void* both, int length)
    {
        var size = type.Size();
        var most = ChunkPlan.ChunkBytes / size;
        for (var begin = 0L; begin < length; begin += most)
        {
            var (a, b) = ((nint)input + (nint)(begin * size), (nint)both + (nint)(begin * size));
            Reduction.Reduce(type, op, [a, b], b, (int)Math.Min(most, length - begin));
        }
    }

    // MPI calls a function of C for each pair of type and reduction: it does not say which reduction it is.

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Sum(void* a, void* b, int* n, nint* _) => Combine(DType.BFloat16, ReduceOp.Sum, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Product(void* a, void* b, int* n, nint* _) => Combine(DType.BFloat16, ReduceOp.Product, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Min(void* a, void* b, int* n, nint* _) => Combine(DType.BFloat16, ReduceOp.Min, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Max(void* a, void* b, int* n, nint* _) => Combine(DType.BFloat16, ReduceOp.Max, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float16Sum(void* a, void* b, int* n, nint* _) => Combine(DType.Float16, ReduceOp.Sum, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float16Product(void* a, void* b, int* n, nint* _) => Combine(DType.Float16, ReduceOp.Product, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float16Min(void* a, void* b, int* n, nint* _) => Combine(DType.Float16, ReduceOp.Min, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float16Max(void* a, void* b, int* n, nint* _) => Combine(DType.Float16, ReduceOp.Max, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float32Min(void* a, void* b, int* n, nint* _) => Combine(DType.Float32, ReduceOp.Min, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float32Max(void* a, void* b, int* n, nint* _) => Combine(DType.Float32, ReduceOp.Max, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float64Min(void* a, void* b, int* n, nint* _) => Combine(DType.Float64, ReduceOp.Min, a, b, *n);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float64Max(void* a, void* b, int* n, nint* _) => Combine(DType.Float64, ReduceOp.Max, a, b, *n);
}
