namespace Dunlin.Tensors.Kernels;

/// <summary>
/// The elements under each position of a window, padding as zeros: y[N, C · Πk, Πt], row (c, k) and column t. Of the geometry, the weights' [C, 1, K…] say
/// the window; groups and the number of outputs do not count. Inputs: x. Output: y.
/// </summary>
public sealed record ExtractPatchesSpec(DType Type, ConvGeometry Geometry) : KernelSpec(Type);

/// <summary>The adjoint of <see cref="ExtractPatchesSpec"/>: each element of the patches added where it came from. Inputs: y. Output: x.</summary>
public sealed record FoldPatchesSpec(DType Type, ConvGeometry Geometry) : KernelSpec(Type);
