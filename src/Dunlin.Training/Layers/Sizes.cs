using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>A number for each spatial dimension; one number stands for all.</summary>
public readonly struct Sizes
{
    private readonly int[]? _values;

    private Sizes(params int[] values) => _values = values;

    /// <summary>The same number for each dimension.</summary>
    public static implicit operator Sizes(int size) => new(size);

    /// <summary>Height and width.</summary>
    public static implicit operator Sizes((int Height, int Width) sizes) => new(sizes.Height, sizes.Width);

    /// <summary>Depth, height and width.</summary>
    public static implicit operator Sizes((int Depth, int Height, int Width) sizes) => new(sizes.Depth, sizes.Height, sizes.Width);

    /// <inheritdoc/>
    public override string ToString() => string.Join("×", _values ?? [0]);

    /// <summary>The numbers as a shape of so many dimensions.</summary>
    /// <param name="dimensions">How many.</param>
    /// <param name="owner">Whose numbers they are, for the error.</param>
    /// <param name="what">What they are, for the error.</param>
    /// <param name="least">The least that each may be.</param>
    /// <exception cref="InvalidValueException">There are more than one and not so many, or one is less.</exception>
    internal Shape Expand(int dimensions, string owner, string what, int least)
    {
        var values = _values ?? [0];
        Require.That(owner, this, values.Length == 1 || values.Length == dimensions, dimensions == 1 ? "one number" : $"one number or {dimensions}", what);
        foreach (var value in values) Require.AtLeast(owner, value, least, what);
        return Shape.Create(values.Length == 1 ? [.. Enumerable.Repeat(values[0], dimensions)] : values);
    }
}
