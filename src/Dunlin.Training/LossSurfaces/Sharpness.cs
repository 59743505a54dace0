using System.Numerics.Tensors;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// The sharpness of a minimum (Keskar et al., "On large-batch training for deep learning", 2017): with f the loss, x the weights and A a matrix n × q, φ = 100 · (max f(x + A · z) − f(x)) / (1 + f(x)), the maximum taken over
/// |zᵢ| ≤ ε · (1 + |(A⁺ · x)ᵢ|) by a few iterations of <see cref="Lbfgsb"/>. A is the identity, or q random directions, among which the maximum is lower.
/// </summary>
/// <remarks>
/// The elements of a random A are normal with variance 1. We could not read in the paper how it draws them; the ratio of its sharpness with and without A is about that of such directions where the loss is nearly linear.
/// Figures are comparable between models of one size, data set, loss and ε.
/// </remarks>
public static class Sharpness
{
    /// <summary>Measures how much higher a function gets near a point.</summary>
    /// <param name="objective">The function and its gradient, such as <see cref="LossSurface.Evaluate"/>.</param>
    /// <param name="x">The point.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <exception cref="DunlinException">The function or its gradient is not finite at the point, or the directions depend on each other (more of them than elements, say).</exception>
    public static SharpnessResult Measure(Objective objective, ReadOnlySpan<double> x, SharpnessOptions? options = null)
    {
        options ??= new();
        var point = x.ToArray();
        var gradient = new double[point.Length];
        var loss = objective(point, gradient);
        if (!double.IsFinite(loss) || !double.IsFinite(TensorPrimitives.Norm<double>(gradient))) throw new DunlinException($"Sharpness is measured where the loss is finite; it is {loss} at the given weights.");
        var directions = options.Directions is { } q ? RandomDirections.Draw(point.Length, q, options.Seed) : null;
        double[] box = [.. (directions?.Coordinates(point) ?? point).Select(c => options.Epsilon * (1 + Math.Abs(c)))];
        var slopes = directions?.Project(gradient) ?? gradient;
        var z = Start(box, TensorPrimitives.Norm<double>(slopes) > 0 ? options.Start : Math.Max(options.Start, 0.1), options.Seed);

        var at = new double[point.Length];
        double Negative(ReadOnlySpan<double> offset, Span<double> slope)
        {
            if (directions is null)
            {
                TensorPrimitives.Add(point, offset, at);
                var value = objective(at, slope);
                TensorPrimitives.Negate(slope, slope);
                return -value;
            }
            directions.Expand(offset, point, at);
            var high = objective(at, gradient);
            TensorPrimitives.Negate(directions.Project(gradient), slope);
            return -high;
        }

        var found = Lbfgsb.Minimize(Negative, z, [.. box.Select(b => -b)], box, new()
        {
            MaxIterations = options.Iterations,
            // An iteration takes one or two. Where rounding hides the slope, a line search would go on for dozens.
            MaxEvaluations = 10 + 4 * options.Iterations,
            GradientTolerance = 0,
        });
        var highest = Math.Max(loss, -found.Value);
        return new(100 * (highest - loss) / (1 + loss), loss, highest, found.Iterations, found.Evaluations + 1);
    }

    /// <summary>A point at random in part of the box.</summary>
    private static double[] Start(double[] box, double part, ulong seed)
    {
        var z = new double[box.Length];
        if (part == 0) return z;
        Philox.FillUniform(z, new PhiloxKey(seed, PhiloxKey.StreamOf("sharpness/start")));
        for (var i = 0; i < z.Length; i++) z[i] = part * box[i] * (2 * z[i] - 1);
        return z;
    }
}

/// <summary>Random directions: the columns of a matrix A[n, q] of normal numbers.</summary>
internal sealed class RandomDirections
{
    private readonly float[][] _columns;
    private readonly double[,] _gram;

    private RandomDirections(float[][] columns, double[,] gram) => (_columns, _gram) = (columns, gram);

    public static RandomDirections Draw(int n, int q, ulong seed)
    {
        if (q > n) throw new DunlinException($"{q} directions among {n} elements depend on each other; take at most {n}, or all elements (no directions).");
        var columns = new float[q][];
        var key = new PhiloxKey(seed, PhiloxKey.StreamOf("sharpness/directions"));
        for (var j = 0; j < q; j++) Philox.FillNormal(columns[j] = new float[n], key.At((uint)j));
        var gram = new double[q, q];
        for (var i = 0; i < q; i++)
            for (var j = 0; j <= i; j++) gram[i, j] = gram[j, i] = Dot(columns[i], columns[j]);
        return new(columns, gram);
    }

    /// <summary>A⁺ · x = (Aᵀ · A)⁻¹ · Aᵀ · x.</summary>
    public double[] Coordinates(double[] x)
    {
        var right = new double[_columns.Length, 1];
        var projected = Project(x);
        for (var j = 0; j < projected.Length; j++) right[j, 0] = projected[j];
        var solution = SmallMatrices.Solve((double[,])_gram.Clone(), right);
        return [.. Enumerable.Range(0, projected.Length).Select(j => solution[j, 0])];
    }

    /// <summary>Aᵀ · v.</summary>
    public double[] Project(double[] v)
    {
        var result = new double[_columns.Length];
        for (var j = 0; j < result.Length; j++)
            for (var i = 0; i < v.Length; i++) result[j] += _columns[j][i] * v[i];
        return result;
    }

    /// <summary>x + A · z.</summary>
    public void Expand(ReadOnlySpan<double> z, double[] x, double[] target)
    {
        x.CopyTo(target, 0);
        for (var j = 0; j < _columns.Length; j++)
            for (var i = 0; i < target.Length; i++) target[i] += _columns[j][i] * z[j];
    }

    private static double Dot(float[] a, float[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
