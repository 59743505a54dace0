using System.Buffers;
using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Some of another data set's examples.</summary>
public sealed class Subset : IDataset
{
    private readonly IDataset _source;
    private readonly int[] _examples;

    /// <summary>Chooses examples.</summary>
    /// <param name="source">The data set to choose from.</param>
    /// <param name="examples">The examples' numbers there, in the order that they have here.</param>
    /// <exception cref="InvalidValueException">The data set has no such example.</exception>
    public Subset(IDataset source, ReadOnlySpan<int> examples)
    {
        _source = source;
        _examples = examples.ToArray();
        foreach (var example in _examples)
            Require.Below(nameof(Subset), example, 0, source.Count);
    }

    /// <inheritdoc/>
    public int Count => _examples.Length;

    /// <inheritdoc/>
    public IReadOnlyList<Field> Fields => _source.Fields;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<int> examples, Batch target)
    {
        var translated = ArrayPool<int>.Shared.Rent(examples.Length);
        for (var i = 0; i < examples.Length; i++) translated[i] = _examples[examples[i]];
        _source.Write(translated.AsSpan(0, examples.Length), target);
        ArrayPool<int>.Shared.Return(translated);
    }
}

/// <summary>Ways to make data sets from data sets.</summary>
public static class DatasetExtensions
{
    /// <summary>The first examples.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="count">How many; at most all.</param>
    public static IDataset Take(this IDataset dataset, int count) => new Subset(dataset, [.. Enumerable.Range(0, Math.Min(count, dataset.Count))]);

    /// <summary>Holds a random part of the examples back, the same for the same seed.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="testFraction">The part to hold back, from 0 to 1; rounded to whole examples.</param>
    /// <param name="seed">Chooses the examples.</param>
    public static TrainTest Split(this IDataset dataset, double testFraction, ulong seed)
    {
        Require.Between(nameof(Split), testFraction, 0, 1);
        var order = new int[dataset.Count];
        // The last of all epochs: a loader with the same seed will not draw this order again.
        Philox.Permutation(order, seed, uint.MaxValue);
        var test = (int)Math.Round(dataset.Count * testFraction);
        var parts = (Train: order[test..], Test: order[..test]);
        Array.Sort(parts.Train);
        Array.Sort(parts.Test);
        return new TrainTest(new Subset(dataset, parts.Train), new Subset(dataset, parts.Test));
    }

    /// <summary>All examples as one batch, for small data sets.</summary>
    public static Batch ToBatch(this IDataset dataset)
    {
        var batch = new Batch(dataset.Fields, dataset.Count);
        dataset.Write([.. Enumerable.Range(0, dataset.Count)], batch);
        return batch;
    }
}
