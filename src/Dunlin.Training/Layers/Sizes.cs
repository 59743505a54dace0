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
    /// <exception cref="ArgumentException">There are more than one and not so many.</exception>
    internal Shape Expand(int dimensions, string parameter, int least)
    {
        var values = _values ?? [0];
        if (values.Length != 1 && values.Length != dimensions) throw new ArgumentException($"takes 1 or {dimensions} numbers, not {values.Length}.", parameter);
        foreach (var value in values) ArgumentOutOfRangeException.ThrowIfLessThan(value, least, parameter);
        return Shape.Create(values.Length == 1 ? [.. Enumerable.Repeat(values[0], dimensions)] : values);
    }
}
