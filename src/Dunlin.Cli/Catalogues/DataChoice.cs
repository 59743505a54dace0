using Dunlin.Cli.Configuration;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Catalogues;

/// <summary>A data set that a configuration has named, before it is read.</summary>
internal sealed record DataChoice
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Reads or makes it; paths are taken from the host's directory.</summary>
    public required Func<CliHost, TrainTest> Load { get; init; }

    /// <summary>One example's input, found without reading more than necessary.</summary>
    public required Func<CliHost, Field> Input { get; init; }

    /// <summary>Random changes of the training examples.</summary>
    public required IReadOnlyList<Augmentation> Augmentations { get; init; }

    /// <summary>What the classes are called, where they are called something.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>How bytes of a picture become the model's numbers: (x / 255 − mean) / deviation.</summary>
    public (float Mean, float Deviation) Pixels { get; init; } = (0, 1);

    /// <summary>The name of the data set to take instead, where this one is not installed and may be replaced.</summary>
    public string? Replacement { get; init; }

    /// <summary>Makes inputs for the model of a file's array: pictures of bytes are scaled, numbers are taken as they are.</summary>
    /// <param name="raw">[n, …], or a single example [...].</param>
    /// <param name="input">The model's input.</param>
    /// <exception cref="ConfigurationException">The array does not fit.</exception>
    public Tensor Prepare(Tensor raw, Field input)
    {
        var shape = input.Type.Shape;
        var size = shape.ElementCount;
        if (raw.ElementCount == 0 || raw.ElementCount % size != 0 || !Fits(raw.Shape, shape))
            throw new ConfigurationException($"The input {raw} does not consist of examples {shape} as the model takes them; expected {Shape.Of(Shape.Unknown).Append(shape.Dimensions)}.");
        var examples = raw.Reshape(Shape.Of((int)(raw.ElementCount / size)).Append(shape.Dimensions));
        if (examples.Type == input.Type.Type) return examples;
        if (examples.Type == DType.UInt8 && input.Type.Type == DType.Float32 && shape.Rank == 3)
            return new InMemoryDataset(Column.Pixels(input.Name, examples, [Pixels.Mean], [Pixels.Deviation])).ToBatch().Tensors[0];
        throw new ConfigurationException($"The input {raw} holds {raw.Type}, the model takes {input.Type.Type}{(shape.Rank == 3 ? " or bytes of a picture (UInt8)" : "")}.");
    }

    /// <summary>Whether the lengths are those of an example, or of several, where lengths of 1 may be left out.</summary>
    private static bool Fits(Shape raw, Shape example)
    {
        int[] expected = [.. example.Dimensions.ToArray().Where(length => length != 1)];
        int[] given = [.. raw.Dimensions];
        return given.Where(length => length != 1).SequenceEqual(expected)
            || (given.Length > 0 && given[1..].Where(length => length != 1).SequenceEqual(expected));
    }
}
