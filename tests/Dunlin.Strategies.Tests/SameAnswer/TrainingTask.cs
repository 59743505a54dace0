using Dunlin.Tensors;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Something little to learn. All that is in it is smooth: where a sum is rounded otherwise, nothing jumps.</summary>
/// <param name="Model">A new one.</param>
/// <param name="Data">So many examples.</param>
internal sealed record TrainingTask(Func<Layer> Model, Func<int, IDataset> Data)
{
    private const int Classes = 3;

    /// <summary>Gradients of 2, 6.5 and 0.5 KB: buckets of 4096 bytes are three.</summary>
    public static TrainingTask Perceptron { get; } = new(() => new Sequential(new Linear(40), new Tanh(), new Linear(40), new Tanh(), new Linear(Classes)), count => Numbers(count, [12]));

    /// <summary>Every layer's statistics depend on all examples of the batch.</summary>
    public static TrainingTask Normalized { get; } = new(
        () => new Sequential(new Conv2d(4, 3), new BatchNorm(), new Tanh(), new AveragePool2d(2), new Flatten(), new Linear(16), new BatchNorm(), new Tanh(), new Linear(Classes)), count => Numbers(count, [1, 6, 6]));

    /// <summary>The rows of a table that a batch touches.</summary>
    public static TrainingTask Words { get; } = OfWords(400);

    /// <summary>A table of fewer rows than the words of a batch.</summary>
    public static TrainingTask FewWords { get; } = OfWords(40);

    private static TrainingTask OfWords(int vocabulary) => new(() => new Sequential(new Embedding(vocabulary, 3), new Flatten(), new Tanh(), new Linear(Classes)), Texts);

    /// <summary>Normally distributed around a centre for each class.</summary>
    private static InMemoryDataset Numbers(int count, Shape shape)
    {
        var length = (int)shape.ElementCount;
        var x = new float[count * length];
        Philox.FillNormal(x, new PhiloxKey(3, 1));
        for (var i = 0; i < x.Length; i++) x[i] += MathF.Sin(1 + i / length % Classes * 7 + i % length);
        return new(Column.Of("x", Tensor.From(x, Shape.Of(count).Append(shape.Dimensions))), Labels(count));
    }

    private static InMemoryDataset Texts(int count)
    {
        const int Length = 4;
        return new(Column.Of("words", Tensor.From([.. Enumerable.Range(0, count * Length).Select(i => (long)i * i % 37 + i / Length % Classes)], [count, Length])), Labels(count));
    }

    private static Column Labels(int count) => Column.Of("class", Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)(i % Classes))]));
}
