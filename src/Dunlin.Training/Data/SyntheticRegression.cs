using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Data sets from a known function: fields <c>x</c> Float32 [inputs] and <c>y</c> Float32 [outputs].</summary>
public static class SyntheticRegression
{
    /// <summary>A function to learn.</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="y">Receives the outputs.</param>
    public delegate void Function(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>Inputs that are normally distributed, and a function's values there with normally distributed noise.</summary>
    /// <param name="count">How many examples.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="outputs">Length of y.</param>
    /// <param name="function">Called once for each example.</param>
    /// <param name="seed">Chooses inputs and noise.</param>
    /// <param name="noise">The noise's standard deviation.</param>
    public static InMemoryDataset Create(int count, int inputs, int outputs, Function function, ulong seed = 0, float noise = 0)
    {
        var x = Tensor.Uninitialized(DType.Float32, [count, inputs]);
        var y = Tensor.Uninitialized(DType.Float32, [count, outputs]);
        var errors = new float[count * outputs];
        Philox.FillNormal(x.Span<float>(), new PhiloxKey(seed, PhiloxKey.StreamOf("regression/x")));
        Philox.FillNormal(errors, new PhiloxKey(seed, PhiloxKey.StreamOf("regression/noise")), deviation: noise);
        for (var i = 0; i < count; i++) function(x.Span<float>().Slice(i * inputs, inputs), y.Span<float>().Slice(i * outputs, outputs));
        var values = y.Span<float>();
        for (var i = 0; i < values.Length; i++) values[i] += errors[i];
        return new InMemoryDataset(Column.Of("x", x), Column.Of("y", y));
    }

    /// <summary>A linear function y = x · weights, plus noise.</summary>
    /// <param name="count">How many examples.</param>
    /// <param name="weights">Float32 [inputs, outputs].</param>
    /// <param name="seed">Chooses inputs and noise.</param>
    /// <param name="noise">The noise's standard deviation.</param>
    public static InMemoryDataset Linear(int count, Tensor weights, ulong seed = 0, float noise = 0)
    {
        var (inputs, outputs) = (weights.Shape[0], weights.Shape[1]);
        return Create(count, inputs, outputs, (x, y) =>
        {
            var w = weights.Span<float>();
            y.Clear();
            for (var i = 0; i < inputs; i++)
                for (var j = 0; j < outputs; j++)
                    y[j] += x[i] * w[i * outputs + j];
        }, seed, noise);
    }
}
