using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>One part of an example, such as its image or its label.</summary>
/// <param name="Name">The name under which a <see cref="Batch"/> holds it.</param>
/// <param name="Type">Element type and shape for one example, without the batch dimension; the shape is fully known.</param>
public sealed record Field(string Name, TensorType Type);

/// <summary>Examples that can be read in any order. Reading is thread-safe.</summary>
public interface IDataset
{
    /// <summary>How many examples there are.</summary>
    int Count { get; }

    /// <summary>What each example consists of.</summary>
    IReadOnlyList<Field> Fields { get; }

    /// <summary>Writes examples into the rows of a batch, allocating nothing.</summary>
    /// <param name="examples">Which examples: row k receives examples[k]; each from 0 to <see cref="Count"/> − 1.</param>
    /// <param name="target">A batch of this data set's fields with as many rows as there are <paramref name="examples"/>.</param>
    void Write(ReadOnlySpan<int> examples, Batch target);
}

/// <summary>Examples to learn from, and others to judge by what was learnt.</summary>
/// <param name="Train">The examples to learn from.</param>
/// <param name="Test">The examples held back.</param>
public sealed record TrainTest(IDataset Train, IDataset Test)
{
    /// <summary>What the class numbers stand for, from 0 on; empty where the targets are no classes or have no names.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];
}
