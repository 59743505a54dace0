namespace Dunlin.Tensors;

/// <summary>What a tensor is before it has values: element type and shape.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The shape; lengths may be unknown.</param>
public readonly record struct TensorType(DType Type, Shape Shape)
{
    /// <summary>Bytes of a plain (row-major) tensor of this type.</summary>
    public long Bytes => checked(Shape.ElementCount * Type.Size());

    /// <summary>Such as <c>Float32[64, 10]</c>.</summary>
    public override string ToString() => $"{Type}{Shape}";
}
