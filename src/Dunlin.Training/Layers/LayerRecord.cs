using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>What was noted when a layer was built; parts and whole have a record each.</summary>
/// <param name="Path">The layer's path, such as <c>residual/conv2d</c>.</param>
/// <param name="Kind">What sort of layer.</param>
/// <param name="Input">The input's type.</param>
/// <param name="Output">The output's type.</param>
/// <param name="Parameters">Trainable elements of its own, without its parts'; 0 where the layer shares the variables of an earlier use.</param>
/// <param name="Flops">
/// Floating-point operations of its own matrix products and convolutions for one example, forward; a multiply-add is two. Lengths that are
/// unknown but for the batch count as 1.
/// </param>
public sealed record LayerRecord(string Path, string Kind, TensorType Input, TensorType Output, long Parameters, long Flops);
