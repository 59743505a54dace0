using System.Numerics.Tensors;
using Dunlin.Tensors;
using Dunlin.Training;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Strategies;

/// <summary>A server's part of the vectors of a search: of each as many elements as it has of the weights, in their element types. Vector <see cref="LbfgsSearch.Trial"/> is the weights themselves.</summary>
internal sealed class ServerVectors
{
    private readonly Tensor[][] _parts;

    /// <param name="weights">The server's.</param>
    /// <param name="count">How many vectors there are.</param>
    /// <exception cref="DunlinException">There are weights of an element type that is not computed with.</exception>
    public ServerVectors(IReadOnlyList<Tensor> weights, int count)
    {
        if (weights.FirstOrDefault(w => w.Type is not (DType.Float32 or DType.Float64)) is { } other) throw new DunlinException($"L-BFGS minimises over variables of Float32 or Float64, and one of the model's is {other.TensorType}.");
        _parts = [.. Enumerable.Range(0, count).Select(v => v == LbfgsSearch.Trial ? [.. weights] : weights.Select(w => Tensor.Zeros(w.Type, w.Shape)).ToArray())];
    }

    /// <summary>How many there are.</summary>
    public int Count => _parts.Length;

    /// <summary>All parts but the weights'.</summary>
    public IEnumerable<Tensor> Own => _parts.Where((_, v) => v != LbfgsSearch.Trial).SelectMany(p => p);

    /// <inheritdoc cref="IVectorSpace.Combine"/>
    public void Combine(int target, double alpha, int a, double beta, int b)
    {
        for (var i = 0; i < _parts[target].Length; i++)
        {
            var (to, first, second) = (_parts[target][i], _parts[a][i], _parts[b][i]);
            if (to.Type == DType.Float64) VectorArithmetic.Combine(to.Span<double>(), alpha, first.Span<double>(), beta, second.Span<double>());
            else VectorArithmetic.Combine(to.Span<float>(), alpha, first.Span<float>(), beta, second.Span<float>());
        }
    }

    /// <summary>⟨a, b⟩ over this part.</summary>
    public double Dot(int a, int b)
    {
        var sum = 0.0;
        for (var i = 0; i < _parts[a].Length; i++)
        {
            var (first, second) = (_parts[a][i], _parts[b][i]);
            sum += first.Type == DType.Float64 ? TensorPrimitives.Dot<double>(first.Span<double>(), second.Span<double>()) : VectorArithmetic.Dot(first.Span<float>(), second.Span<float>());
        }
        return sum;
    }

    /// <summary>Makes a vector zero.</summary>
    public void Clear(int target)
    {
        foreach (var part in _parts[target]) part.RawBytes.Clear();
    }

    /// <summary>Adds a gradient, dense or of rows, to a vector.</summary>
    public void Add(int target, ReadOnlySpan<SliceGradient> gradient)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            var (to, values) = (_parts[target][i], gradient[i].Values);
            if (to.Type == DType.Float64) Add(to.Span<double>(), values.Span<double>(), gradient[i].Rows);
            else Add(to.Span<float>(), values.Span<float>(), gradient[i].Rows);
        }
    }

    private static void Add<T>(Span<T> to, ReadOnlySpan<T> values, Tensor? rows) where T : System.Numerics.INumberBase<T>
    {
        if (rows is null)
        {
            TensorPrimitives.Add(to, values, to);
            return;
        }
        var numbers = rows.Span<long>();
        var width = numbers.Length == 0 ? 0 : values.Length / numbers.Length;
        for (var i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] < 0) continue;
            var row = to.Slice((int)numbers[i] * width, width);
            TensorPrimitives.Add(row, values.Slice(i * width, width), row);
        }
    }
}
