using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>The element types that MPI is told of; 16-bit floats travel as numbers of 16 bits.</summary>
internal enum MpiType
{
    UInt8,
    UInt16,
    Int32,
    Int64,
    Float32,
    Float64,
}

/// <summary>What differs between the MPI libraries' binary interfaces: the values of handles and special addresses. Calls are the same, with handles as <see cref="nint"/>.</summary>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="InPlace">MPI_IN_PLACE.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN.</param>
/// <param name="Types">By <see cref="MpiType"/>.</param>
/// <param name="Operations">By <see cref="ReduceOp"/>.</param>
internal sealed record MpiConstants(nint World, nint InPlace, nint ErrorsReturn, IReadOnlyList<nint> Types, IReadOnlyList<nint> Operations);
