using Dunlin.Graphs;
using Dunlin.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>Random inputs and noise, the same for the same seed and name.</summary>
internal static class Draws
{
    public static double[] Normal(int count, ulong seed, string name, double mean = 0, double deviation = 1)
    {
        var numbers = new double[count];
        Philox.FillNormal(numbers, new PhiloxKey(seed, PhiloxKey.StreamOf(name)), mean: mean, deviation: deviation);
        return numbers;
    }

    public static double[] Uniform(int count, ulong seed, string name, double low, double high)
    {
        var numbers = new double[count];
        Philox.FillUniform(numbers, new PhiloxKey(seed, PhiloxKey.StreamOf(name)));
        return [.. numbers.Select(u => low + (high - low) * u)];
    }
}

/// <summary>From MathNet's types to values of a graph.</summary>
internal static class Constants
{
    public static Value Constant(this Graph graph, Matrix<double> matrix) =>
        graph.Constant(Tensor.From(matrix.ToRowMajorArray(), [matrix.RowCount, matrix.ColumnCount]));

    public static Value Constant(this Graph graph, IEnumerable<double> numbers) => graph.Constant(Tensor.From(numbers.ToArray()));
}
