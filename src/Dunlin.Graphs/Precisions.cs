namespace Dunlin.Graphs;

/// <summary>The element types in which products may be computed; see <see cref="SessionOptions.Precision"/>.</summary>
public static class Precisions
{
    /// <summary>The type itself, if products may be computed in it.</summary>
    /// <param name="owner">Whose property it is.</param>
    /// <param name="type">The type.</param>
    /// <exception cref="InvalidValueException">It is another than Float32 and BFloat16.</exception>
    public static DType Checked(string owner, DType type) => type is DType.Float32 or DType.BFloat16
        ? type
        : throw new InvalidValueException($"{owner}: {nameof(SessionOptions.Precision)} is Float32 or BFloat16, not {type}." + (type == DType.Float16
            ? " In Float16, gradients below 6e-8 vanish unless the loss is scaled, which is not done here; BFloat16 has the range of Float32 and needs no scaling."
            : ""));
}
